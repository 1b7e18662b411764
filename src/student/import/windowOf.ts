import { int, ints, text } from '../../onnx/shapes/call.ts';
import type { Shape } from '../../onnx/shapes/tensor.ts';
import type { Step } from './operator.ts';

/** How a window moves, an entry an axis of space. */
export interface ImportedWindow {
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
export function windowOf(step: Step, kernel: readonly number[], space: Shape): ImportedWindow | undefined {
  const strides = ints(step, 'strides') ?? kernel.map(() => 1);
  const dilations = ints(step, 'dilations') ?? kernel.map(() => 1);
  const autoPad = text(step, 'auto_pad', 'NOTSET');
  const given = ints(step, 'pads') ?? [];
  const spans = kernel.map((length, i) => (length - 1) * (dilations[i] as number) + 1);
  const isCeil = int(step, 'ceil_mode', 0) === 1;
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

/** Why a window cannot run over an image of these lengths; onnxruntime would read what lies beside it. */
export function refuseWindow({ kernel, dilations, pads }: ImportedWindow, space: Shape): string | undefined {
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

/** The pads as an operator of ours takes them: before and after, axis by axis. */
export function flatPads({ pads }: ImportedWindow): number[] {
  return pads.flatMap((pair) => [...pair]);
}
