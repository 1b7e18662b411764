import { expect, test } from 'vitest';
import { exampleWeighted } from '../losses/combination/exampleWeighted.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { embeddingMatch } from '../losses/feature/embeddingMatch.ts';
import type { Loss } from '../losses/loss.ts';
import { marginMse } from '../losses/ranking/marginMse.ts';
import { contrastive } from '../losses/relation/contrastive.ts';
import { similarity } from '../losses/relation/similarity.ts';
import { boxOverlap } from '../losses/response/boxOverlap.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { pointDistance } from '../losses/response/pointDistance.ts';
import { regression } from '../losses/response/regression.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { outputKindOf } from './outputKind.ts';

const both = (...losses: Loss[]) => weighted(losses.map((loss) => ({ loss, weight: 1 })));

test.each<[string, Loss, string, readonly (number | null)[], string]>([
  ['a regression of several numbers', regression({ output: 'box' }), 'box', [4], 'values'],
  ['a regression whose output is called logits', regression({ output: 'logits' }), 'logits', [3], 'values'],
  ['points', pointDistance(), 'points', [5, 2], 'points'],
  ['corners of a box', boxOverlap({ output: 'points' }), 'points', [2, 2], 'boxes'],
  ['points by two losses that agree', both(pointDistance(), pointDistance({ width: 1 })), 'points', [5, 2], 'points'],
  ['scores of pairs', marginMse(), 'scores', [2], 'scores'],
  ['soft targets', softTargets(), 'logits', [10], 'classes'],
  ['one number, whatever the loss', softTargets(), 'logits', [1], 'values'],
  ['embeddings', embeddingMatch({ output: 'embedding' }), 'embedding', [128], 'embeddings'],
  ['embeddings of pairs', contrastive({ output: 'embedding' }), 'embedding', [128], 'embeddings'],
  ['relations of logits', similarity(), 'logits', [10], 'classes'],
  ['a regression beside classes', both(regression({ output: 'logits' }), crossEntropy()), 'logits', [3], 'classes'],
  ['features beside classes', both(softTargets(), similarity({ output: 'features' })), 'logits', [10], 'classes'],
  ['several that agree', both(regression(), regression({ measure: 'huber' })), 'values', [2], 'values'],
  ['one inside another', exampleWeighted(regression()), 'values', [2], 'values'],
])('%s', (_, loss, output, shape, kind) => {
  expect(outputKindOf(loss, output, shape)).toBe(kind);
});
