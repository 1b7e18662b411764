import { windowOf } from '../../onnx/windows.ts';
import { int, type StepCall, unsupported } from './call.ts';

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
  const found = windowOf(call.onnx, size, shape.slice(2));
  if (size.length > 2 || shape.length !== size.length + 2 || found === undefined) {
    throw unsupported(call, `its windows are [${size}]`);
  }
  const { strides, dilations, extra } = found;
  // What makes the last window whole is a rounding here.
  const pads = found.pads.map(([front, back], i): [number, number] => [front, back - (extra[i] as number)]);
  const [tall, wide] = (pads.length === 1 ? [[0, 0], ...pads] : pads) as [[number, number], [number, number]];
  const two = (given: readonly number[]) => (given.length === 1 ? [1, given[0]] : given) as [number, number];
  return { size: two(size), strides: two(strides), dilations: two(dilations), pads: [...tall, ...wide] };
}

export function roundingOf(call: StepCall): 'floor' | 'ceil' {
  return int(call, 'ceil_mode', 0) === 1 ? 'ceil' : 'floor';
}
