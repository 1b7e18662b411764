import { LimbeckError } from '../../../core/errors.ts';
import * as tf from '../../../runtime/tf.ts';
import type { PrivacySteps } from './adaptation.ts';
import { normalNumbers } from './normalNumbers.ts';

/** Collects the gradients example by example, and returns those of each step. */
export interface PrivateSteps {
  /** The steps that are due after this example; the caller frees them. The first example is a blank one. */
  add(gradients: tf.NamedTensorMap): tf.NamedTensorMap[];
}

interface Sum {
  readonly shape: number[];
  readonly values: Float64Array;
}

/** What a clipped gradient is shorter by, in clip norms: more than the roundings below can make it longer. */
const ROOM = 2 ** -24;
/** Bits of a clip norm in a summand, so that sums of 65,536 examples are exact. */
const SUMMAND_BITS = 36;
/** Bits of the noise's deviation that a step shows. */
const NOISE_BITS = 10;

/**
 * DP-SGD: (1 ÷ expected lot) · (Σ over the examples of a step g · min(1, C ÷ ‖g‖) + normal noise of deviation σ·C). The norm
 * is that over everything that learns, in float64.
 *
 * What is proven of real numbers is kept with these: summands are whole multiples of C·2⁻³⁶, so that a sum does not depend on
 * its order and one example changes it by a vector no longer than C, whose every number is its own; and the noisy sum is
 * rounded to a grid of a 1,024th of the deviation or less. Each point of the grid stands for so many numbers of the generator
 * that its probability is right but for about 2⁻³⁰ of itself: no pattern of last bits tells what lies beneath.
 * Numerics  holds for up to 2²⁴ weights that learn and 65,536 examples in a step
 * Throws    not-finite: the gradient of an example; it would be noise to nobody
 * Source    Abadi et al. 2016, algorithm 1, arXiv:1607.00133 · last bits: Mironov 2012, "On significance of the least
 *           significant bits for differential privacy", whose cure, rounding after the noise, this is
 * Differs   the first example is a blank one, which says what learns and is in no step: steps without examples must be as
 *           noisy as others also where no step has any
 */
export function openPrivateSteps(options: PrivacySteps): PrivateSteps {
  const { clipNorm, noiseMultiplier, lots, expectedLot, noiseSeed } = options;
  const normal = normalNumbers(noiseSeed);
  const longest = clipNorm * (1 - ROOM);
  const unit = powerOfTwoIn(clipNorm) * 2 ** -SUMMAND_BITS;
  const deviation = noiseMultiplier * clipNorm;
  const grid = deviation === 0 ? 0 : powerOfTwoIn(deviation) * 2 ** -NOISE_BITS;
  let sums: ReadonlyMap<string, Sum> | undefined;
  let lot = 0;
  let seen = 0;

  const noisy = (sum: number) => (grid === 0 ? sum : grid * Math.round((sum + deviation * normal()) / grid));

  function shown(values: Float64Array): Float32Array {
    const data = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) data[i] = noisy((values[i] as number) * unit) / expectedLot;
    return data;
  }

  function* due(of: ReadonlyMap<string, Sum>): Generator<tf.NamedTensorMap> {
    while (lot < lots.length && seen >= (lots[lot] as number)) {
      yield Object.fromEntries(
        [...of].map(([name, { shape, values }]) => [name, tf.tensor(shown(values), shape, 'float32')]),
      );
      for (const { values } of of.values()) values.fill(0);
      lot++;
      seen = 0;
    }
  }

  return {
    add(gradients) {
      if (sums === undefined) {
        sums = new Map(
          Object.entries(gradients).map(([name, { shape, size }]) => [name, { shape, values: new Float64Array(size) }]),
        );
        return [...due(sums)];
      }
      const all = Object.entries(gradients).map(([name, tensor]) => [name, tensor.dataSync<'float32'>()] as const);
      const norm = normOf(all);
      if (!Number.isFinite(norm)) throw lostExample();
      const scale = (norm > longest ? longest / norm : 1) / unit;
      for (const [name, data] of all) {
        const { values } = sums.get(name) as Sum;
        for (let i = 0; i < data.length; i++) {
          values[i] = (values[i] as number) + Math.round(scale * (data[i] as number));
        }
      }
      seen++;
      return [...due(sums)];
    },
  };
}

function normOf(all: readonly (readonly [string, Float32Array])[]): number {
  let sum = 0;
  for (const [, data] of all) for (let i = 0; i < data.length; i++) sum += (data[i] as number) ** 2;
  return Math.sqrt(sum);
}

/** The largest one that is not larger. */
function powerOfTwoIn(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

function lostExample(): LimbeckError {
  return new LimbeckError(
    'not-finite',
    'The gradient of an example holds a value that is NaN or infinite; no weight was changed by this step. Lower the ' +
      'learning rate.',
  );
}
