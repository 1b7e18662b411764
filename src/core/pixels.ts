import { dtypeOf, type NdArray } from './shape.ts';

/** White, in bytes. */
const WHITE = 255;

/**
 * Bytes 0…255, which are pixels, as the floats 0…1 that a model of floats reads; other numbers as they are.
 * Shapes    any → the same
 */
export function pixelsAsFloats(array: NdArray): NdArray {
  const { data, shape } = array;
  if (dtypeOf(data) !== 'uint8') return array;
  const floats = new Float32Array(data.length);
  for (let i = 0; i < floats.length; i++) floats[i] = (data[i] as number) / WHITE;
  return { data: floats, shape };
}
