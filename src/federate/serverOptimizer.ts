import { fraction, positive, type Read, schema } from '../core/schema.ts';
import { type NamedArrays, type Shapes, sizeOf } from '../core/shape.ts';
import type { Combined } from './combine.ts';
import { isStatistic } from './sharedWeights.ts';
import type { Gathered, Strategy } from './strategy.ts';
import { weightsMember } from './weightsMember.ts';

export const SERVER = schema('the aggregation', {
  /** How far the shared weights go in a round. Default 0.03. */
  learningRate: positive(0.03),
  /** How slowly the mean of the rounds' changes moves. Default 0.9 (the paper). */
  beta1: fraction(0.9),
  /** The same for their squares. Default 0.99 (the paper). */
  beta2: fraction(0.99),
  /** Changes much smaller than this count as none: how adaptive it is. Default 0.001 (the paper). */
  tau: positive(1e-3),
});

/** How the next second moment follows from the last one and the square of a change. */
export type Moment = (before: number, square: number, beta2: number) => number;

const meanOf = (name: string) => `mean:${name}`;
const squareOf = (name: string) => `square:${name}`;

/** The moments, which travel with the weights so that anybody may aggregate: zero, and τ². */
export function serverMemory(shared: Shapes, { tau }: Pick<Read<typeof SERVER>, 'tau'>): NamedArrays {
  const filled = (shape: readonly (number | null)[], value: number) => {
    const lengths = shape as readonly number[];
    return { data: new Float32Array(sizeOf(lengths)).fill(value), shape: lengths };
  };
  return Object.fromEntries(
    Object.entries(shared).flatMap(([name, shape]) =>
      isStatistic(name)
        ? []
        : [[meanOf(name), filled(shape, 0)] as const, [squareOf(name), filled(shape, tau * tau)] as const],
    ),
  );
}

/**
 * A round's mean change is taken as a gradient: w ← w + η · m / (√v + τ). Statistics of batch normalization are averaged, as they
 * are no parameters.
 * Source    Reddi et al. 2021, algorithm 2, arXiv:2003.00295
 */
export function serverStep(
  { parts, before, combine }: Gathered,
  { learningRate, beta1, beta2, tau }: Read<typeof SERVER>,
  moment: Moment,
): Combined {
  const { values, rejected } = combine.combine(parts, before);
  const next: Record<string, NamedArrays[string]> = {};
  for (const [name, { data, shape }] of Object.entries(values)) {
    const [from, m, v] = [name, meanOf(name), squareOf(name)].map((key) => before[key]?.data);
    if (from === undefined || m === undefined || v === undefined) {
      next[name] = { data, shape };
      continue;
    }
    const [weights, means, squares] = [from, m, v].map(({ length }) => new Float32Array(length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    for (let i = 0; i < weights.length; i++) {
      const change = (data[i] as number) - (from[i] as number);
      means[i] = beta1 * (m[i] as number) + (1 - beta1) * change;
      squares[i] = moment(v[i] as number, change * change, beta2);
      weights[i] =
        (from[i] as number) + (learningRate * (means[i] as number)) / (Math.sqrt(squares[i] as number) + tau);
    }
    next[name] = { data: weights, shape };
    next[meanOf(name)] = { data: means, shape };
    next[squareOf(name)] = { data: squares, shape };
  }
  return { values: next, rejected };
}

/** The strategy of a server's optimizer, by how its second moment moves. */
export function serverStrategy(name: string, options: Read<typeof SERVER>, moment: Moment): Strategy {
  return {
    name,
    options,
    kind: 'weights',
    takesCombine: true,
    open: async (device) =>
      weightsMember(device, {
        memory: (shared) => serverMemory(shared, options),
        aggregate: (gathered) => serverStep(gathered, options, moment),
      }),
  };
}
