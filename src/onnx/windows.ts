import type { OnnxLength } from './describe/description.ts';
import { type Call, int, ints, text } from './shapes/call.ts';
import { length as lengthOf, type Shape } from './shapes/tensor.ts';

/** How a window moves, an entry an axis of space. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and after. With ceil_mode more comes after, so that the last window is whole: `extra` of it. */
  readonly pads: readonly (readonly [number, number])[];
  readonly extra: readonly number[];
  /** tfjs's word for this padding, where it means the same for every image that may come. */
  readonly padding: 'valid' | 'same' | undefined;
}

/**
 * The window of a convolution or a pooling; undefined where its padding depends on lengths that are not known.
 * `space` are the image's lengths.
 */
export function windowOf(call: Call, kernel: readonly number[], space: Shape): Window | undefined {
  const strides = ints(call, 'strides') ?? kernel.map(() => 1);
  const dilations = ints(call, 'dilations') ?? kernel.map(() => 1);
  const autoPad = text(call, 'auto_pad', 'NOTSET');
  const given = ints(call, 'pads') ?? [];
  const spans = kernel.map((length, i) => (length - 1) * (dilations[i] as number) + 1);
  const isCeil = int(call, 'ceil_mode', 0) === 1;
  const pads: [number, number][] = [];
  const extra: number[] = [];
  for (const [i, span] of spans.entries()) {
    const [stride, length] = [strides[i] as number, space[i] ?? null];
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const total = samePadding(length, span, stride);
      if (total === undefined && autoPad === 'SAME_LOWER') return undefined;
      const [less, more] = [Math.floor((total ?? 0) / 2), Math.ceil((total ?? 0) / 2)];
      pads.push(autoPad === 'SAME_UPPER' ? [less, more] : [more, less]);
      extra.push(0);
      continue;
    }
    const [front, back] = autoPad === 'VALID' ? [0, 0] : [given[i] ?? 0, given[i + spans.length] ?? 0];
    const more = isCeil ? missingAtEnd(length, { front, back, span, stride }) : 0;
    if (more === undefined) return undefined;
    pads.push([front, back + more]);
    extra.push(more);
  }
  const isSame = pads.every((pair, i) =>
    isSamePadding(pair, space[i] ?? null, spans[i] as number, strides[i] as number),
  );
  const isNone = pads.every(([front, back]) => front === 0 && back === 0);
  const padding = autoPad === 'SAME_UPPER' ? 'same' : isNone ? 'valid' : isSame ? 'same' : undefined;
  return { kernel, strides, dilations, pads, extra, padding };
}

/** Why a window cannot run over an image of these lengths; onnxruntime would read memory outside it. */
export function refuseWindow({ kernel, dilations, pads }: Window, space: Shape): string | undefined {
  const isLonger = kernel.some((length, i) => {
    const [image, pair] = [space[i], pads[i] ?? [0, 0]];
    return typeof image === 'number' && (length - 1) * (dilations[i] as number) + 1 > image + pair[0] + pair[1];
  });
  return isLonger ? 'its window is longer than the image; fix longer lengths with inputShapes' : undefined;
}

/** What 'same' adds to an axis altogether; undefined where it depends on a length that is not known. */
function samePadding(length: Shape[number], span: number, stride: number): number | undefined {
  if (stride === 1) return span - 1;
  if (typeof length !== 'number') return undefined;
  return Math.max(0, (Math.ceil(length / stride) - 1) * stride + span - length);
}

/** tfjs puts the odd pixel at the end. */
function isSamePadding([front, back]: readonly [number, number], length: Shape[number], span: number, stride: number) {
  const total = samePadding(length, span, stride);
  return total !== undefined && front === Math.floor(total / 2) && back === Math.ceil(total / 2);
}

interface Axis {
  readonly front: number;
  readonly back: number;
  readonly span: number;
  readonly stride: number;
}

function missingAtEnd(length: Shape[number], { front, back, span, stride }: Axis): number | undefined {
  if (stride === 1) return 0;
  if (typeof length !== 'number') return undefined;
  const room = length + front + back - span;
  const count = Math.ceil(room / stride) + 1;
  const kept = (count - 1) * stride >= length + front ? count - 1 : count;
  return Math.max(0, (kept - 1) * stride - room);
}

/** The pads as our records take them: before and after, axis by axis. */
export function flatPads({ pads }: Window): number[] {
  return pads.flatMap((pair) => [...pair]);
}

/** The same as far as the shape of the result needs it, where lengths may be free. */
export interface Sliding {
  readonly kernel: readonly OnnxLength[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** What is added at the front and at the back of an axis, together and at the front. */
  readonly padding: readonly { readonly front: number; readonly both: number }[];
  readonly autoPad: string;
}

export function slidingOf(call: Call, rank: number, kernel: readonly OnnxLength[]): Sliding {
  const ones = new Array<number>(rank).fill(1);
  const pads = ints(call, 'pads') ?? [];
  const autoPad = text(call, 'auto_pad', 'NOTSET');
  const given = (i: number) => ({ front: pads[i] ?? 0, both: (pads[i] ?? 0) + (pads[i + rank] ?? 0) });
  return {
    kernel,
    strides: ints(call, 'strides') ?? ones,
    dilations: ints(call, 'dilations') ?? ones,
    padding: ones.map((_, i) => (autoPad === 'VALID' ? { front: 0, both: 0 } : given(i))),
    autoPad,
  };
}

/** The length of one axis after a window has slid over it. Source: ONNX, operators Conv and MaxPool. */
export function slid(size: OnnxLength, window: Sliding, axis: number, isCeil: boolean): OnnxLength {
  const stride = window.strides[axis] ?? 1;
  const kernel = window.kernel[axis];
  if (typeof size !== 'number' || stride < 1) return null;
  if (window.autoPad.startsWith('SAME')) return lengthOf(Math.ceil(size / stride));
  if (typeof kernel !== 'number') return null;
  const { front, both } = window.padding[axis] ?? { front: 0, both: 0 };
  const span = (kernel - 1) * (window.dilations[axis] ?? 1) + 1;
  const steps = (size + both - span) / stride;
  if (!isCeil) return lengthOf(Math.floor(steps) + 1);
  const count = Math.ceil(steps) + 1;
  // A last window that would start in the padding at the back is left out.
  return lengthOf((count - 1) * stride >= size + front ? count - 1 : count);
}
