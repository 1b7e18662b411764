import { describe, expect, test } from 'vitest';
import {
  checkFeatureLoss,
  FEATURE_EXTREMES,
  mean,
  meanSquare,
  plainPair,
  shapesFor,
  unchanged,
  unit,
} from '../cases/featureCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { type AttentionMapOptions, attentionMap } from './attentionMap.ts';

describe('attentionMap', () => {
  checkLoss<AttentionMapOptions>(attentionMap, {
    golden: 'attentionMap',
    // (Q_s − Q_t)², mean over positions and examples; Q = a / ‖a‖ with a the mean of |feature|^p at each position.
    reference(inputs, options) {
      const [student, teacher] = plainPair(inputs, options).map((feature) =>
        feature.map((positions) =>
          unit(positions.map((values) => mean(values.map((value) => Math.abs(value) ** (options.power as number))))),
        ),
      ) as [number[][], number[][]];
      return meanSquare(student.flat(), teacher.flat());
    },
    best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
    extremes: FEATURE_EXTREMES,
    refused: {
      'no output': () => attentionMap({} as AttentionMapOptions),
      'a power of 3': () => attentionMap({ output: 'a', power: 3 as 2 }),
      'an option that it does not have': () => attentionMap({ output: 'a', p: 2 } as AttentionMapOptions),
    },
  });
  checkFeatureLoss(attentionMap, { needsPositions: true });

  test('has the defaults that it documents', () => {
    expect(attentionMap({ output: 'block' }).options).toEqual({ output: 'block', power: 2 });
  });

  test('takes other channel counts and learns nothing beside the student', () => {
    const loss = attentionMap({ output: 'a', teacherOutput: 'b' });
    expect(() => loss.check?.(shapesFor([8, 8, 16], [4, 4, 64]))).not.toThrow();
    expect(loss.parameters).toBeUndefined();
  });
});
