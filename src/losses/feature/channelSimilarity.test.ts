import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, FEATURE_EXTREMES, plainPair, shapesFor, turned, unchanged } from '../cases/featureCases.ts';
import { checkLoss, type LossContract, type Values } from '../cases/lossContract.ts';
import { dot, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type ChannelSimilarityOptions, channelSimilarity } from './channelSimilarity.ts';

const contract: Omit<LossContract<ChannelSimilarityOptions>, 'golden'> = {
  // Σ (S_s − S_t)² / (C · B), or / (C · B²); row c of S is what channel c has in common with each channel, as a vector of length 1.
  reference(inputs, options) {
    const [student, teacher] = plainPair(inputs, options, options.projector === 'linear').map((feature) =>
      feature.flatMap((positions) => {
        const channels = turned(positions);
        return channels.map((one) => plainUnit(channels.map((other) => dot(one, other))));
      }),
    ) as [number[][], number[][]];
    const others = teacher.flat();
    const sum = student.flat().reduce((total, value, i) => total + (value - (others[i] as number)) ** 2, 0);
    const batch = (inputs.student['block'] as Values).shape[0] as number;
    return sum / student.length / (options.reduction === 'torchdistill' ? batch : 1);
  },
  best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => channelSimilarity({} as ChannelSimilarityOptions),
    'a projector that it does not know': () => channelSimilarity({ output: 'a', projector: 'auto' as 'none' }),
    'a reduction that it does not know': () => channelSimilarity({ output: 'a', reduction: 'sum' as 'mean' }),
    'an option that it does not have': () => channelSimilarity({ output: 'a', tau: 2 } as ChannelSimilarityOptions),
  },
};

checkUse(channelSimilarity, {
  ...onMaps,
  options: { ...onMaps.options, projector: 'none' },
  mismatches: [
    [{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear', or neuronSelectivity/],
    [{ a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
  ],
  replayed: [{ projector: 'linear' }, { reduction: 'torchdistill' }],
  weight: {
    of: 'maps',
    options: { projector: 'linear' },
    // Batches of 8 are measured.
    others: [{ options: { projector: 'linear', reduction: 'torchdistill' }, weight: 8 * 2.5 }],
  },
});

describe('channelSimilarity', () => {
  checkLoss<ChannelSimilarityOptions>(channelSimilarity, { ...contract, golden: 'channelSimilarity' });
  checkFeatureLoss(channelSimilarity, { needsPositions: true });

  test('has the defaults that it documents', () => {
    expect(channelSimilarity({ output: 'block' }).options).toEqual({ output: 'block', projector: 'linear' });
  });
});

describe('channelSimilarity without a projector', () => {
  checkLoss<ChannelSimilarityOptions>(channelSimilarity, { ...contract, golden: 'channelSimilarityPlain' });

  test('needs as many channels on both sides, and says what to do', () => {
    const loss = channelSimilarity({ output: 'a', teacherOutput: 'b', projector: 'none' });
    expect(() => loss.check?.(shapesFor([8, 8, 4], [4, 4, 6]))).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining("projector: 'linear'") }),
    );
    expect(() => loss.check?.(shapesFor([8, 8, 6], [4, 4, 6]))).not.toThrow();
  });
});

describe('channelSimilarity, reduced as torchdistill does', () => {
  checkLoss<ChannelSimilarityOptions>(channelSimilarity, { ...contract, golden: 'channelSimilarityTorchdistill' });
});
