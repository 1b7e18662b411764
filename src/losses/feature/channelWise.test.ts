import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, FEATURE_EXTREMES, plainPair, shapesFor, turned, unchanged } from '../cases/featureCases.ts';
import { checkLoss, type LossContract, plainLogProbs } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type ChannelWiseOptions, channelWise } from './channelWise.ts';

const contract: Omit<LossContract<ChannelWiseOptions>, 'golden'> = {
  // T² Σ p log (p / q) over the positions of each channel, mean over channels and examples.
  reference(inputs, options) {
    const temperature = options.temperature as number;
    const [q, p] = plainPair(inputs, options, options.projector === 'linear').map((feature) => {
      const channels = feature.flatMap(turned);
      const positions = channels[0]?.length as number;
      return plainLogProbs({ shape: [channels.length, positions], values: channels.flat() }, temperature);
    }) as [number[][], number[][]];
    const divergences = p.map((row, i) =>
      row.reduce((sum, log, at) => sum + Math.exp(log) * (log - (q[i]?.[at] as number)), 0),
    );
    return temperature ** 2 * mean(divergences);
  },
  best: (inputs) => unchanged(inputs, { output: 'block', teacherOutput: 'layer' }),
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => channelWise({} as ChannelWiseOptions),
    'a temperature of 0': () => channelWise({ output: 'a', temperature: 0 }),
    'a projector that it does not know': () => channelWise({ output: 'a', projector: 'auto' as 'none' }),
    'an option that it does not have': () => channelWise({ output: 'a', tau: 2 } as ChannelWiseOptions),
  },
};

checkUse(channelWise, {
  ...onMaps,
  mismatches: [
    [{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear', or attentionMap/],
    [{ a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
  ],
  replayed: [{ projector: 'linear' }],
  weight: { of: 'maps' },
});

describe('channelWise', () => {
  checkLoss<ChannelWiseOptions>(channelWise, { ...contract, golden: 'channelWise' });
  checkFeatureLoss(channelWise, { needsPositions: true });

  test('has the defaults that it documents', () => {
    expect(channelWise({ output: 'maps' }).options).toEqual({ output: 'maps', temperature: 1, projector: 'none' });
  });

  test('needs as many channels on both sides, or a projector, and says so', () => {
    const shapes = shapesFor([8, 8, 4], [4, 4, 6]);
    const pair = { output: 'a', teacherOutput: 'b' };
    expect(() => channelWise(pair).check?.(shapes)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining("projector: 'linear'") }),
    );
    const loss = channelWise({ ...pair, projector: 'linear' });
    expect(() => loss.check?.(shapes)).not.toThrow();
    expect(loss.parameters?.(shapes)['kernel']?.shape).toEqual([4, 6]);
  });
});

describe('channelWise with a projector', () => {
  checkLoss<ChannelWiseOptions>(channelWise, { ...contract, golden: 'channelWiseProjected' });
});
