import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, FEATURE_EXTREMES, plainPair, shapesFor, turned, unchanged } from '../cases/featureCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { dot, mean, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import type { FeaturePairOptions } from '../featurePair.ts';
import { neuronSelectivity } from './neuronSelectivity.ts';

checkUse(neuronSelectivity, {
  ...onMaps,
  mismatches: [[{ a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/]],
  weight: { of: 'maps' },
});

describe('neuronSelectivity', () => {
  checkLoss<FeaturePairOptions>(neuronSelectivity, {
    golden: 'neuronSelectivity',
    // MMD² with (a · b)² between the channels' maps of length 1, mean over the examples.
    reference(inputs, options) {
      const [student, teacher] = plainPair(inputs, options).map((feature) =>
        feature.map((positions) => turned(positions).map(plainUnit)),
      ) as [number[][][], number[][][]];
      const kernel = (a: number[][], b: number[][]) => mean(a.flatMap((x) => b.map((y) => dot(x, y) ** 2)));
      return mean(
        student.map((own, b) => {
          const other = teacher[b] as number[][];
          return kernel(own, own) + kernel(other, other) - 2 * kernel(own, other);
        }),
      );
    },
    best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
    extremes: FEATURE_EXTREMES,
    refused: {
      'no output': () => neuronSelectivity({} as FeaturePairOptions),
      'an option that it does not have': () => neuronSelectivity({ output: 'a', power: 2 } as FeaturePairOptions),
    },
  });
  checkFeatureLoss(neuronSelectivity, { needsPositions: true });

  test('takes other channel counts and learns nothing beside the student', () => {
    const loss = neuronSelectivity({ output: 'a', teacherOutput: 'b' });
    expect(() => loss.check?.(shapesFor([8, 8, 16], [4, 4, 64]))).not.toThrow();
    expect(loss.parameters).toBeUndefined();
  });
});
