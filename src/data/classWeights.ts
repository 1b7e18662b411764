import { LimbeckError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import type { LabelledDataset } from './dataset.ts';
import { givesFresh } from './fresh.ts';

/**
 * A weight for each class by which all classes count as much together: N / (C · n_c). An example without a label counts for none; a class
 * without an example gets 0.
 * Throws    class-mismatch: a label that is no class
 * Source    'balanced' of scikit-learn
 *
 * @example
 * const weights = balancedWeights([0, 0, 0, 1], 2);
 */
export function balancedWeights(labels: ArrayLike<number>, classes: number): number[] {
  checkCount(classes, 'classes');
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label === -1) continue;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new LimbeckError('class-mismatch', `Label ${i} is ${label}; there are ${classes} classes, from 0 on.`, {
        details: { example: i, given: label },
      });
    }
    counts[label] = (counts[label] as number) + 1;
  }
  const labelled = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (count === 0 ? 0 : labelled / (classes * count)));
}

/**
 * The same examples, each with the weight of its class, for `exampleWeighted` of the kind 'given'. With `normalizeBy: 'weights'` and
 * `crossEntropy()` that is PyTorch's `CrossEntropyLoss(weight)`. Examples without a label weigh 1.
 * Throws    invalid-option: a weight that is not a number of 0 or more · by a read class-mismatch: a class without a weight
 *
 * @example
 * const fair = withClassWeights(labelled, [0.5, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
 * const weighted = exampleWeighted(crossEntropy(), { kind: 'given', normalizeBy: 'weights' });
 */
export function withClassWeights(dataset: LabelledDataset, weights: readonly number[]): LabelledDataset {
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong >= 0) {
    throw new LimbeckError(
      'invalid-option',
      `The weight of class ${wrong} was ${weights[wrong]}; it must be a number of 0 or more.`,
      { details: { class: wrong } },
    );
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const examples = await dataset.read(indices, signal);
    const exampleWeights = Float32Array.from(examples.labels, (label) => {
      const weight = label === -1 ? 1 : weights[label];
      if (weight !== undefined) return weight;
      throw new LimbeckError(
        'class-mismatch',
        `There is an example of class ${label}, and there are ${weights.length} weights.`,
        {
          details: { given: label },
        },
      );
    });
    return { ...examples, exampleWeights };
  };
  return { ...dataset, read: givesFresh(read, dataset) };
}
