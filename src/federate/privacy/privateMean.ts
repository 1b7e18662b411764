import { noiseFor, privacySpent } from '../../adapt/privacy/accountant.ts';
import { checkProbability } from '../../adapt/privacy/privacyOptions.ts';
import { LimbeckError } from '../../core/errors.ts';
import { count, given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import { checkNoiseSeed, drawKey, type SecretKey } from '../../core/secretKey.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { normalNumbers } from '../../train/parts/adaptation/normalNumbers.ts';
import type { Combine, Part } from '../combine.ts';
import { squaredDistance } from '../distance.ts';

const OPTIONS = schema('privateMean', {
  /** What all rounds together may spend, in nats; above 0. */
  epsilon: required(positive()),
  /** The probability with which ε may fail; well below 1 / clients. Above 0, below 1. */
  delta: required(given<number>(checkProbability)),
  /** How many rounds there will be. */
  rounds: required(count()()),
  /** How many clients take part in a round, about: what the sum is divided by, whoever comes. */
  clients: required(count()()),
  /** A client's change is shortened to this Euclidean norm. Default 1. */
  clipNorm: positive(1),
  /** Key of the noise, eight words that nobody else may know; for tests. Default: drawn from the platform's secure source. */
  noiseSeed: given<SecretKey>(checkNoiseSeed),
});

/** How much noise hides a client, and how often it takes part. */
export interface PrivateMeanOptions extends OptionsOf<typeof OPTIONS> {}

/** A mean that says how much it reveals. */
export interface PrivateMean extends Combine {
  /** Standard deviation of the noise on a round's sum, in clip norms. */
  readonly noiseMultiplier: number;
  /** ε that so many rounds have spent, in nats. */
  spent(rounds: number): number;
}

/**
 * Mean of clipped changes with noise (DP-FedAvg): what all rounds reveal about any one client, whatever it sends, is bounded by
 * (ε, δ). Weights do not count: each client adds at most `clipNorm` to the sum. Whoever aggregates sees updates without noise;
 * the bound is against everybody else.
 * Shapes    parts of the same names and shapes → one of them
 * Units     epsilon in nats; clipNorm in those of the parts
 * Throws    invalid-option · privacy-spent: more rounds than were announced
 * Source    McMahan et al. 2018, "Learning Differentially Private Recurrent Language Models", algorithm 1, arXiv:1710.06963;
 *           accountant: `privacySpent`
 * Differs   no privacy is claimed for not being chosen: who takes part is drawn from a seed that all know · ε is for one client more
 *           or less, in all rounds
 * @example
 * const combine = privateMean({ epsilon: 8, delta: 1e-5, rounds: 20, clients: 100 });
 */
export function privateMean(options: PrivateMeanOptions): PrivateMean {
  const { epsilon, delta, rounds, clients, clipNorm, noiseSeed } = OPTIONS.read(options);
  const steps = { sampleFraction: 1, delta };
  const noiseMultiplier = noiseFor({ ...steps, steps: rounds, epsilon });
  const normal = normalNumbers(noiseSeed ?? drawKey());
  let combined = 0;
  return {
    name: 'privateMean',
    noiseMultiplier,
    spent: (made) => privacySpent({ ...steps, steps: made, noiseMultiplier }).epsilon,
    combine(parts, before) {
      if (combined >= rounds) {
        throw new LimbeckError(
          'privacy-spent',
          `${rounds} rounds were announced and have spent ε = ${epsilon}; another one would reveal more. Nothing was combined. ` +
            'Announce more rounds from the beginning, which adds more noise to each.',
          { details: { rounds, epsilon } },
        );
      }
      combined++;
      return {
        values: noisyMean(parts, before, { clipNorm, clients, deviation: noiseMultiplier * clipNorm, normal }),
        rejected: [],
      };
    },
  };
}

interface Noise {
  readonly clipNorm: number;
  readonly clients: number;
  readonly deviation: number;
  readonly normal: () => number;
}

function noisyMean(
  parts: readonly Part[],
  before: NamedArrays,
  { clipNorm, clients, deviation, normal }: Noise,
): NamedArrays {
  // In doubles: changes that were rounded to floats could be longer.
  const shares = parts.map(({ values }) => Math.min(1, clipNorm / Math.sqrt(squaredDistance(values, before))));
  return Object.fromEntries(
    Object.entries(before).flatMap(([name, { data, shape }]) => {
      if (parts.some(({ values }) => !Object.hasOwn(values, name))) return [];
      const mean = (start: number, i: number) => {
        let sum = 0;
        for (const [p, { values }] of parts.entries()) {
          sum += (shares[p] as number) * ((values[name]?.data[i] as number) - start);
        }
        return start + (sum + deviation * normal()) / clients;
      };
      return [[name, { shape, data: Float32Array.from(data as ArrayLike<number>, mean) }] as const];
    }),
  );
}
