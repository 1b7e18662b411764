import { sizeOf } from '../../core/shape.ts';

/** Weights as 8-bit numbers: value ≈ scale · number, with one scale, or one for each index along `axis`. */
export interface Int8Weights {
  readonly data: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
  /** Undefined if one scale applies to all. */
  readonly axis: number | undefined;
}

/** The scale of a channel that holds only 0. */
const NO_SCALE = 1;
const SMALLEST_NORMAL = 2 ** -126;

/**
 * Symmetric 8-bit weights, from −127 to 127, so that 0 stays 0. `leastScales` are lower limits of the scales.
 * Shapes    data of `shape`; scales [shape[axis]], or [1]
 * Source    onnxruntime.quantization.quant_utils, compute_scale_zp with symmetric and int8
 */
export function toInt8Weights(
  values: Float32Array,
  shape: readonly number[],
  axis: number | undefined,
  leastScales?: Float32Array,
): Int8Weights {
  const channels = axis === undefined ? 1 : (shape[axis] ?? 1);
  const inner = axis === undefined ? values.length : sizeOf(shape.slice(axis + 1));
  const channelOf = (i: number) => (axis === undefined ? 0 : Math.floor(i / inner) % channels);
  const largest = new Float32Array(channels);
  for (let i = 0; i < values.length; i++) {
    const channel = channelOf(i);
    const magnitude = Math.abs(values[i] as number);
    if (magnitude > (largest[channel] as number)) largest[channel] = magnitude;
  }
  const scales = Float32Array.from(largest, (most, channel) => {
    const scale = most / 127;
    return Math.max(scale < SMALLEST_NORMAL ? NO_SCALE : scale, leastScales?.[channel] ?? 0);
  });
  const data = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const number = roundEven(Math.fround((values[i] as number) / (scales[channelOf(i)] as number)));
    data[i] = Math.max(-127, Math.min(127, number));
  }
  return { data, scales, axis };
}

/** Rounds to the nearest integer, ties to even. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The quantization of an activation: value ≈ scale · (number − zeroPoint), numbers from 0 to 255. */
export interface ActivationScale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * The scale and zero point of a range, in which 0 is exact.
 * Source    onnxruntime.quantization.quant_utils, compute_scale_zp for uint8
 */
export function toActivationScale(least: number, most: number): ActivationScale {
  const [low, high] = [Math.min(Math.fround(least), 0), Math.max(Math.fround(most), 0)];
  const scale = Math.fround(high - low) / 255;
  if (scale < SMALLEST_NORMAL) return { scale: NO_SCALE, zeroPoint: 0 };
  return { scale: Math.fround(scale), zeroPoint: Math.max(0, Math.min(255, roundEven(-low / scale))) };
}
