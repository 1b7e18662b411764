// Weights as tfjs's converter quantizes them: floats as halves, or as whole numbers with a scale and a minimum.
import { fromHalves, toHalves } from '../../core/halves.ts';
import { sizeOf } from '../../core/shape.ts';
import type { WeightSpec } from '../student.ts';
import { elementBytes } from '../weightBytes.ts';

export type ShortDtype = 'float16' | 'uint8' | 'uint16';

/** What a manifest says about a quantized weight. */
export interface Quantization {
  readonly dtype: ShortDtype;
  readonly scale?: number;
  readonly min?: number;
}

export interface ManifestWeight extends WeightSpec {
  readonly quantization?: Quantization;
}

/** Elements as bytes, with the manifest's entry. */
export interface ShortWeight {
  readonly quantization: Quantization;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes of one quantized element. */
const SHORT_BYTES: Readonly<Record<ShortDtype, number>> = { float16: 2, uint16: 2, uint8: 1 };

/**
 * Quantizes floats: to halves, or to the nearest of 256 or 65,536 even steps between the least and the greatest value,
 * shifted so that zero stays zero.
 */
export function shortenFloats(values: Float32Array, dtype: ShortDtype): ShortWeight {
  if (dtype === 'float16') {
    return { quantization: { dtype }, bytes: new Uint8Array(toHalves(values).buffer) };
  }
  const most = dtype === 'uint8' ? 255 : 65535;
  const { scale, min } = stepsFor(values, most);
  const steps = Array.from(values, (value) => Math.min(most, Math.max(0, Math.round((value - min) / scale))));
  const bytes = dtype === 'uint8' ? Uint8Array.from(steps) : new Uint8Array(Uint16Array.from(steps).buffer);
  return { quantization: { dtype, scale, min }, bytes };
}

function stepsFor(values: Float32Array, most: number): { scale: number; min: number } {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (!(greatest > least)) return { scale: 1, min: values.length === 0 ? 0 : least };
  const scale = (greatest - least) / most;
  const isAcrossZero = least < 0 && greatest > 0;
  return { scale, min: isAcrossZero ? -Math.round(-least / scale) * scale : least };
}

/** The elements in full, as tfjs's own reader computes them. Throws    Error: an unknown quantization, or no scale */
export function restoreWeight({ name, dtype, quantization }: ManifestWeight, bytes: Uint8Array): Uint8Array {
  if (quantization === undefined) return bytes;
  const buffer = new Uint8Array(bytes).buffer;
  const short = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  if (quantization.dtype === 'float16') {
    if (dtype !== 'float32') throw new Error(`the weight "${name}" is ${dtype} and shortened to float16`);
    return new Uint8Array(fromHalves(short).buffer);
  }
  const { scale, min } = quantization;
  if (!Number.isFinite(scale) || !Number.isFinite(min)) {
    throw new Error(`the weight "${name}" is shortened without a scale and a min`);
  }
  const value = (step: number) => step * (scale as number) + (min as number);
  if (dtype === 'int32') return new Uint8Array(Int32Array.from(short, (step) => Math.round(value(step))).buffer);
  if (dtype !== 'float32') throw new Error(`the weight "${name}" is ${dtype} and shortened to ${quantization.dtype}`);
  return new Uint8Array(Float32Array.from(short, value).buffer);
}

/** Bytes that a weight takes in its file. Throws    Error: an unknown type, or an invalid shape */
export function storedBytes(spec: ManifestWeight): number {
  const { name, shape, quantization } = spec;
  if (typeof name !== 'string' || !Array.isArray(shape)) throw new Error('a weight has no name or no shape');
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new Error(`the weight "${name}" has the shape [${shape.join(', ')}]`);
  }
  if (quantization === undefined) return sizeOf(shape) * elementBytes(spec);
  if (!Object.hasOwn(SHORT_BYTES, quantization.dtype)) {
    throw new Error(`the weight "${name}" is shortened to ${String(quantization.dtype)}`);
  }
  return sizeOf(shape) * SHORT_BYTES[quantization.dtype];
}
