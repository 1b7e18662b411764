import { LimbeckError } from '../core/errors.ts';
import { derivedSeed, seededRandom } from '../core/random.ts';
import { formatShape, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { Dataset } from './dataset.ts';
import { holdDecoded } from './decoded.ts';
import { givesFresh } from './fresh.ts';
import type { Mixture } from './mixedUp.ts';

/**
 * A dataset of images of which each has a rectangle of another (CutMix): a share 1 − `share` of its pixels, at a place that the seed draws and
 * that may reach over the edge. Labels are left out: the teacher answers what the student sees.
 * Shapes    [N, H, W, C] → [M, H, W, C], for M mixtures
 * Throws    shape-mismatch: an input that is no image
 * Source    Yun et al. 2019, "CutMix", arXiv:1905.04899, appendix A
 *
 * @example
 * const cut = cutMixed(data, randomMixtures(data.size, { count: 4 * data.size, alpha: 1 }));
 */
export function cutMixed(dataset: Dataset, mixtures: readonly Mixture[], seed = 0): Dataset {
  for (const [name, { shape }] of Object.entries(dataset.inputs)) {
    if (shape.length === 3) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `The input "${name}" is ${formatShape(shape)}; a rectangle can be cut out of images [H, W, C] only.`,
      { details: { name, shape } },
    );
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const chosen = Array.from(indices, (index) => mixtures[index] as Mixture);
    const [a, b] = await Promise.all(
      (['first', 'second'] as const).map((part) =>
        dataset.read(
          Int32Array.from(chosen, (one) => one[part]),
          signal,
        ),
      ),
    );
    return { inputs: pasted(a?.inputs ?? {}, b?.inputs ?? {}, indices, chosen, seed) };
  };
  const { inputs } = dataset;
  return {
    ...{ size: mixtures.length, inputs, hasLabels: false, read: givesFresh(read) },
    holdDecoded: () => holdDecoded(dataset),
  };
}

function pasted(
  a: NamedArrays,
  b: NamedArrays,
  indices: Int32Array,
  mixtures: readonly Mixture[],
  seed: number,
): NamedArrays {
  const paste = ({ data: own, shape }: NdArray, { data: other }: NdArray): NdArray => {
    const [, height = 1, width = 1, channels = 1] = shape;
    const data = own.slice();
    const length = sizeOf(shape.slice(1));
    for (const [i, { share }] of mixtures.entries()) {
      const random = seededRandom(derivedSeed(seed, `cut ${indices[i]}`));
      const side = Math.sqrt(1 - share) / 2;
      const [x, y] = [random() * width, random() * height];
      const [left, right] = [x - side * width, x + side * width].map((at) => clipped(at, width));
      const [top, bottom] = [y - side * height, y + side * height].map((at) => clipped(at, height));
      for (let row = top as number; row < (bottom as number); row++) {
        const from = i * length + (row * width + (left as number)) * channels;
        data.set(other.subarray(from, from + ((right as number) - (left as number)) * channels), from);
      }
    }
    return { data, shape };
  };
  return Object.fromEntries(Object.entries(a).map(([name, array]) => [name, paste(array, b[name] as NdArray)]));
}

const clipped = (at: number, most: number) => Math.min(most, Math.max(0, Math.round(at)));
