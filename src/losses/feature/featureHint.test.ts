import { describe, expect, test } from 'vitest';
import {
  checkFeatureLoss,
  FEATURE_EXTREMES,
  flat,
  meanSquare,
  plainPair,
  shapesFor,
  unchanged,
} from '../cases/featureCases.ts';
import { checkLoss, type LossContract } from '../cases/lossContract.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type FeatureHintOptions, featureHint } from './featureHint.ts';

const contract: Omit<LossContract<FeatureHintOptions>, 'golden'> = {
  // (r(student) − teacher)², mean over everything.
  reference(inputs, options) {
    const [student, teacher] = plainPair(inputs, options, options.projector !== 'none');
    return meanSquare(flat(student), flat(teacher));
  },
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => featureHint({} as FeatureHintOptions),
    'an empty name': () => featureHint({ output: 'a', teacherOutput: '' }),
    'a projector that it does not know': () => featureHint({ output: 'a', projector: 'conv' as 'linear' }),
    'an option that it does not have': () => featureHint({ output: 'a', layer: 2 } as FeatureHintOptions),
  },
};

checkUse(featureHint, {
  ...onMaps,
  options: { ...onMaps.options, projector: 'none' },
  mismatches: [
    [{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    [{}, { b: [3, 3, null] }, { projector: 'linear' }, /fixed number of features/],
  ],
  replayed: [{ projector: 'linear' }],
  weight: { of: 'maps', options: { projector: 'linear' } },
});

describe('featureHint with a regressor', () => {
  checkLoss<FeatureHintOptions>(featureHint, {
    ...contract,
    golden: 'featureHint',
    best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
  });
  checkFeatureLoss(featureHint, { needsPositions: false });

  test('has the defaults that it documents', () => {
    expect(featureHint({ output: 'block' }).options).toEqual({ output: 'block', projector: 'linear' });
    expect(featureHint({ output: 'block', teacherOutput: 'block' }).reads.teacher).toEqual(['block']);
  });

  test('asks for a regressor from the student’s channels to the teacher’s', () => {
    const loss = featureHint({ output: 'a', teacherOutput: 'b' });
    expect(loss.parameters?.(shapesFor([8, 8, 4], [4, 4, 6]))).toEqual({
      kernel: { shape: [4, 6], initial: 'glorot-uniform' },
      bias: { shape: [6], initial: 0 },
    });
    expect(() => loss.parameters?.(shapesFor([8, null], [8, 6]))).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining('the student\'s "a"') }),
    );
  });
});

describe('featureHint without a regressor', () => {
  checkLoss<FeatureHintOptions>(featureHint, {
    ...contract,
    golden: 'featureHintPlain',
    best: ({ teacher }) => ({ student: { block: teacher['layer'] as never }, teacher }),
  });

  test('needs as many channels on both sides, and says what to do', () => {
    const loss = featureHint({ output: 'a', teacherOutput: 'b', projector: 'none' });
    expect(() => loss.check?.(shapesFor([8, 8, 6], [4, 4, 6]))).not.toThrow();
    expect(() => loss.check?.(shapesFor([8, 8, 4], [8, 8, 6]))).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining("projector: 'linear'") }),
    );
    expect(loss.parameters?.(shapesFor([8, 8, 6], [8, 8, 6]))).toEqual({});
  });
});
