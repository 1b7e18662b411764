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
import { dot, mean, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type EmbeddingMatchOptions, embeddingMatch } from './embeddingMatch.ts';

const contract: Omit<LossContract<EmbeddingMatchOptions>, 'golden'> = {
  // Mean of (s − t)² over the coordinates, or of 1 − cos(s, t) over the vectors.
  reference(inputs, options) {
    const [student, teacher] = plainPair(inputs, options, inputs.parameters?.['kernel'] !== undefined);
    if (options.kind === 'mse') return meanSquare(flat(student), flat(teacher));
    const vectors = teacher.flat();
    return mean(student.flat().map((vector, i) => 1 - dot(plainUnit(vector), plainUnit(vectors[i] as number[]))));
  },
  // Of equal dimensions, so without a projector.
  best: (inputs) => ({ ...unchanged(inputs, { output: 'block', teacherOutput: 'layer' }), parameters: {} }),
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => embeddingMatch({} as EmbeddingMatchOptions),
    'a kind that it does not know': () => embeddingMatch({ output: 'a', kind: 'l1' as 'mse' }),
    'a projector that it does not know': () => embeddingMatch({ output: 'a', projector: 'mlp' as 'none' }),
    'an option that it does not have': () => embeddingMatch({ output: 'a', weight: 2 } as EmbeddingMatchOptions),
  },
};

checkUse(embeddingMatch, {
  ...onMaps,
  options: { ...onMaps.options, projector: 'none' },
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /Use projector: 'auto'/]],
  replayed: [{ projector: 'auto' }, { kind: 'cosine' }],
  weight: { of: 'maps', options: { projector: 'auto' } },
});

describe('embeddingMatch between embeddings of other dimensions', () => {
  checkLoss<EmbeddingMatchOptions>(embeddingMatch, { ...contract, golden: 'embeddingMatch' });
});

describe('embeddingMatch between embeddings of one dimension', () => {
  checkLoss<EmbeddingMatchOptions>(embeddingMatch, { ...contract, golden: 'embeddingMatchPlain' });
  checkFeatureLoss((pair) => embeddingMatch({ ...pair, kind: 'cosine' }), { needsPositions: false });
  checkFeatureLoss((pair) => embeddingMatch({ ...pair, kind: 'mse', projector: 'linear' }), { needsPositions: false });

  test('has the defaults that it documents', () => {
    expect(embeddingMatch({ output: 'e' }).options).toEqual({ output: 'e', kind: 'mse', projector: 'auto' });
  });

  test('learns a projector where the dimensions differ, and where it is told to', () => {
    const asked = (projector: EmbeddingMatchOptions['projector'], from: number, to: number) => {
      const loss = embeddingMatch({ output: 'a', teacherOutput: 'b', projector: projector ?? 'auto' });
      loss.check?.(shapesFor([from], [to]));
      return Object.keys(loss.parameters?.(shapesFor([from], [to])) ?? {});
    };
    expect(asked('auto', 3, 5)).toEqual(['kernel', 'bias']);
    expect(asked('auto', 5, 5)).toEqual([]);
    expect(asked('linear', 5, 5)).toEqual(['kernel', 'bias']);
    expect(asked('none', 5, 5)).toEqual([]);
    expect(() => asked('none', 3, 5)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining("projector: 'auto'") }),
    );
  });
});
