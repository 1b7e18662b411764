import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import { median } from '../../core/stats.ts';
import { takeTurns } from '../../core/turns.ts';
import { rowOf } from '../examples.ts';
import type { Lesson, Method } from '../method.ts';

const OPTIONS = schema('knn', {
  /** How many neighbours vote, at most as many as there are examples. Default 5. */
  k: count()(5),
  /** A vote weighs exp(−distance² ÷ temperature). Default: the median squared distance of an example to its nearest. */
  temperature: positive(),
});

/** How many neighbours vote, and how fast a vote fades. */
export interface KnnOptions extends OptionsOf<typeof OPTIONS> {}

/** The median of so many is as good as that of all. */
const MOST_ASKED = 1000;

/**
 * The nearest examples decide (k nearest neighbours): the patch holds the features of the examples themselves, and nothing
 * learns.
 * Shapes    features [N, F] → logits [B, C]
 * Units     logits are logarithms of the shares of votes
 * Throws    invalid-option
 * Source    Cover and Hart 1967, IEEE Trans. Inf. Theory 13(1); weights: Goldberger et al. 2005 (NCA), eq. 1
 */
export function knn(options: KnnOptions = {}): Method {
  const { k, temperature } = OPTIONS.read(options);
  return {
    name: 'knn',
    options: { k, ...(temperature !== undefined && { temperature }) },
    readsLabels: true,
    takesOneExample: true,
    async learn(lesson) {
      const { features, labels, size } = lesson;
      const memory = {
        features: Float32Array.from(features.data),
        labels: labels.slice(),
        k: Math.min(k, size),
        temperature: temperature ?? ((await nearestSquared(lesson)) || 1),
      };
      return { changes: [], memory };
    },
  };
}

/** Median over the examples of the squared distance to the nearest other one; over a sample, if there are many. */
async function nearestSquared({ features, size, signal }: Lesson): Promise<number> {
  if (size < 2) return 1;
  const turn = takeTurns(signal);
  const every = Math.ceil(size / MOST_ASKED);
  const nearest: number[] = [];
  for (let i = 0; i < size; i += every) {
    await turn();
    const own = rowOf(features, i);
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < size; j++) {
      if (j === i) continue;
      const other = rowOf(features, j);
      let sum = 0;
      for (let f = 0; f < own.length && sum < least; f++) sum += ((own[f] as number) - (other[f] as number)) ** 2;
      least = Math.min(least, sum);
    }
    nearest.push(least);
  }
  return median(nearest);
}
