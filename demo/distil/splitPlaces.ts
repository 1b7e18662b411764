import { fromArrays, type NdArray, shuffle } from 'limbeck';

/** Which of all examples are learned from, and which are held out. */
export interface Places {
  readonly learned: Int32Array<ArrayBuffer>;
  readonly held: Int32Array<ArrayBuffer>;
}

const HELD_OUT = 0.2;

/** Splits 0 … length − 1, in an order that depends on the seed alone. */
export async function splitPlaces(length: number, seed: number): Promise<Places> {
  const all = Int32Array.from({ length }, (_, i) => i);
  const { inputs } = await shuffle(fromArrays({ data: all, shape: [length, 1] }), seed).read(all);
  const order = (inputs['input'] as NdArray).data;
  const heldOut = Math.max(1, Math.round(length * HELD_OUT));
  return { held: Int32Array.from(order.subarray(0, heldOut)), learned: Int32Array.from(order.subarray(heldOut)) };
}
