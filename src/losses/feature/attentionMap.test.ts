import { describe, expect, test } from 'vitest';
import {
  checkFeatureLoss,
  FEATURE_EXTREMES,
  meanSquare,
  plainPair,
  shapesFor,
  unchanged,
} from '../cases/featureCases.ts';
import { checkLoss, type LossContract } from '../cases/lossContract.ts';
import { mean, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type AttentionMapOptions, attentionMap } from './attentionMap.ts';

const contract: Omit<LossContract<AttentionMapOptions>, 'golden'> = {
  // (Q_s − Q_t)², mean over positions and examples, or ‖Q_s − Q_t‖ of each; Q = a / ‖a‖ with a the mean of |feature|^p.
  reference(inputs, { power = 2, form = 'code', ...names }) {
    const [student, teacher] = plainPair(inputs, names).map((feature) =>
      feature.map((positions) =>
        plainUnit(positions.map((values) => mean(values.map((value) => Math.abs(value) ** power)))),
      ),
    ) as [number[][], number[][]];
    if (form === 'code') return meanSquare(student.flat(), teacher.flat());
    return mean(student.map((own, i) => Math.hypot(...own.map((value, at) => value - (teacher[i]?.[at] as number)))));
  },
  best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => attentionMap({} as AttentionMapOptions),
    'a power of 3': () => attentionMap({ output: 'a', power: 3 as 2 }),
    'another form': () => attentionMap({ output: 'a', form: 'sum' as 'paper' }),
    'an option that it does not have': () => attentionMap({ output: 'a', p: 2 } as AttentionMapOptions),
  },
};

checkUse(attentionMap, {
  ...onMaps,
  mismatches: [[{ a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/]],
  replayed: [{ power: 4 }, { form: 'paper' }],
  weight: { of: 'maps', others: [{ options: { form: 'paper' }, weight: 2 }] },
});

describe('attentionMap', () => {
  checkLoss<AttentionMapOptions>(attentionMap, { ...contract, golden: 'attentionMap' });
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

describe('attentionMap in the form of the paper', () => {
  checkLoss<AttentionMapOptions>(attentionMap, { ...contract, golden: 'attentionMapPaper' });
});
