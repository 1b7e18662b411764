import { describe, expect, test } from 'vitest';
import {
  checkFeatureLoss,
  FEATURE_EXTREMES,
  meanSquare,
  type PlainFeature,
  plainPair,
  shapesFor,
  turned,
  unchanged,
} from '../cases/featureCases.ts';
import { checkLoss, type LossContract } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type FeatureNormalizedOptions, featureNormalized } from './featureNormalized.ts';

const contract: Omit<LossContract<FeatureNormalizedOptions>, 'golden'> = {
  // ½ (n(s) − n(t))², mean over everything; n standardizes each channel over the batch and its positions.
  reference(inputs, options) {
    const [student, teacher] = plainPair(inputs, options, options.projector === 'linear').map(plainStandardized) as [
      number[],
      number[],
    ];
    return meanSquare(student, teacher) / 2;
  },
  best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
  // Channels that are 1e4 everywhere are standardized to the noise of their rounding, as the docstring says.
  extremes: FEATURE_EXTREMES.filter((name) => name !== 'all 1e4 and all −1e4'),
  refused: {
    'no output': () => featureNormalized({} as FeatureNormalizedOptions),
    'a projector that it does not know': () => featureNormalized({ output: 'a', projector: 'auto' as 'none' }),
    'an option that it does not have': () => featureNormalized({ output: 'a', tau: 2 } as FeatureNormalizedOptions),
  },
};

checkUse(featureNormalized, {
  ...onMaps,
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/]],
  replayed: [{ projector: 'linear' }],
  weight: { of: 'maps' },
});

describe('featureNormalized', () => {
  checkLoss<FeatureNormalizedOptions>(featureNormalized, { ...contract, golden: 'featureNormalized' });
  checkFeatureLoss(featureNormalized, { needsPositions: false, isPerExample: false });

  test('has the defaults that it documents', () => {
    expect(featureNormalized({ output: 'block' }).options).toEqual({ output: 'block', projector: 'none' });
  });

  test('needs as many channels, and something to vary', () => {
    const loss = featureNormalized({ output: 'a', teacherOutput: 'b' });
    expect(() => loss.check?.(shapesFor([8, 8, 4], [8, 8, 6]))).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining("projector: 'linear'") }),
    );
    expect(() => loss.check?.(shapesFor([6], [6], 1))).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(() => loss.check?.(shapesFor([8, 8, 6], [8, 8, 6], 1))).not.toThrow();
    expect(() => loss.check?.(shapesFor([1, 1, 6], [8, 8, 6], 1))).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});

describe('featureNormalized with a projector', () => {
  checkLoss<FeatureNormalizedOptions>(featureNormalized, { ...contract, golden: 'featureNormalizedProjected' });
});

function plainStandardized(feature: PlainFeature): number[] {
  return turned(feature.flat()).flatMap((channel) => {
    const center = mean(channel);
    const squares = channel.reduce((sum, value) => sum + (value - center) ** 2, 0);
    const deviation = Math.sqrt(squares / (channel.length - 1));
    return channel.map((value) => (deviation === 0 ? 0 : (value - center) / deviation));
  });
}
