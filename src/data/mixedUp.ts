import { LimbeckError } from '../core/errors.ts';
import { pixelsAsFloats } from '../core/pixels.ts';
import { type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { Dataset } from './dataset.ts';
import { holdDecoded } from './decoded.ts';
import { givesFresh } from './fresh.ts';

/** What an example is mixed from: `share` of the first, the rest of the second. */
export interface Mixture {
  readonly first: number;
  readonly second: number;
  /** 0…1. */
  readonly share: number;
}

/**
 * A dataset of mixtures of a dataset's examples (mixup): share · x_first + (1 − share) · x_second. Bytes become floats of
 * 0…1. Labels are left out: a mixture has none.
 * Throws    invalid-option: an input holds integers, which cannot be mixed
 * Source    Zhang et al. 2018, "mixup", arXiv:1710.09412
 */
export function mixedUp(dataset: Dataset, mixtures: readonly Mixture[]): Dataset {
  const whole = Object.entries(dataset.inputs).find(([, { dtype }]) => dtype === 'int32')?.[0];
  if (whole !== undefined) {
    throw new LimbeckError('invalid-option', `The input "${whole}" holds integers, which cannot be mixed.`);
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const chosen = Array.from(indices, (index) => mixtures[index] as Mixture);
    const [a, b] = await Promise.all([
      dataset.read(
        Int32Array.from(chosen, ({ first }) => first),
        signal,
      ),
      dataset.read(
        Int32Array.from(chosen, ({ second }) => second),
        signal,
      ),
    ]);
    return { inputs: mixed(a.inputs, b.inputs, chosen) };
  };
  const inputs = Object.fromEntries(
    Object.entries(dataset.inputs).map(([name, { shape }]) => [name, { shape, dtype: 'float32' as const }]),
  );
  return {
    ...{ size: mixtures.length, inputs, hasLabels: false, read: givesFresh(read) },
    holdDecoded: () => holdDecoded(dataset),
  };
}

function mixed(a: NamedArrays, b: NamedArrays, mixtures: readonly Mixture[]): NamedArrays {
  const mix = (one: NdArray, other: NdArray): NdArray => {
    const length = sizeOf(one.shape.slice(1));
    const data = Float32Array.from(pixelsAsFloats(one).data);
    const { data: others } = pixelsAsFloats(other);
    mixtures.forEach(({ share }, i) => {
      if (share === 1) return;
      for (let at = i * length; at < (i + 1) * length; at++) {
        data[at] = share * (data[at] as number) + (1 - share) * (others[at] as number);
      }
    });
    return { data, shape: one.shape };
  };
  return Object.fromEntries(Object.entries(a).map(([name, array]) => [name, mix(array, b[name] as NdArray)]));
}
