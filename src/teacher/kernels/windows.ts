import { int, ints, type StepCall, text, unsupported } from './call.ts';

/** How windows move over an image, in height and width; a row is an image of height 1. */
export interface Windows {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows above and below, columns left and right. */
  readonly pads: readonly [top: number, bottom: number, left: number, right: number];
}

/** tfjs's padding by its four numbers. */
export function explicit({ pads: [top, bottom, left, right] }: Windows): [number, number][] {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/**
 * The windows of a node over an image [B, C, H, W] or a row [B, C, W].
 * Throws    unsupported-operator: more than two lengths of space
 */
export function windowsOf(call: StepCall, shape: readonly number[], size: readonly number[]): Windows {
  if (size.length > 2 || shape.length !== size.length + 2) throw unsupported(call, `its windows are [${size}]`);
  const two = (given: readonly number[], fill: number): [number, number] =>
    given.length === 1 ? [fill, given[0] as number] : [given[0] ?? fill, given[1] ?? fill];
  const ones = size.map(() => 1);
  const strides = two(ints(call, 'strides') ?? ones, 1);
  const dilations = two(ints(call, 'dilations') ?? ones, 1);
  const both = two(size, 1);
  const image = two(shape.slice(2), 1);
  const given = ints(call, 'pads') ?? size.flatMap(() => [0, 0]);
  const begins = two(given.slice(0, size.length), 0);
  const ends = two(given.slice(size.length), 0);
  const auto = text(call, 'auto_pad', 'NOTSET');
  const sides = [0, 1].map((i) => {
    if (auto === 'NOTSET') return [begins[i], ends[i]];
    if (auto === 'VALID') return [0, 0];
    const [length, stride] = [image[i] as number, strides[i] as number];
    const reach = ((both[i] as number) - 1) * (dilations[i] as number) + 1;
    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
    const less = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  }) as [[number, number], [number, number]];
  return { size: both, strides, dilations, pads: [...sides[0], ...sides[1]] };
}

export function roundingOf(call: StepCall): 'floor' | 'ceil' {
  return int(call, 'ceil_mode', 0) === 1 ? 'ceil' : 'floor';
}
