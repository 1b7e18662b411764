import { expect, test } from 'vitest';
import type { MeasuredSteps } from './job.ts';
import { threadMemory } from './threadMemory.ts';

const steps: MeasuredSteps = {
  student: 'mlp',
  layers: ['InputLayer', 'Dense'],
  weights: [[784, 10], [10]],
  batchSize: 64,
  loss: { name: 'crossEntropy', options: {}, terms: [] },
  threads: 2,
  simdLevel: 'relaxed',
};

test('the figures of a student are found again under any name, and not for other steps', async () => {
  const figures = { oneMs: 1, allMs: 2 };
  await (await threadMemory(steps)).remember(figures);
  expect(await (await threadMemory({ ...steps, student: 'mlp_1' })).recall()).toEqual(figures);
  for (const other of [
    { ...steps, batchSize: 32 },
    { ...steps, threads: 4 },
    { ...steps, simdLevel: 'simd' },
    { ...steps, weights: [[784, 20], [20]] },
    { ...steps, loss: { name: 'softTargets', options: {}, terms: [] } },
  ]) {
    expect(await (await threadMemory(other)).recall()).toBeUndefined();
  }
});

test('figures that are no times are not used', async () => {
  for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1' as never]) {
    await (await threadMemory(steps)).remember({ oneMs: bad, allMs: 1 });
    expect(await (await threadMemory(steps)).recall()).toBeUndefined();
  }
});
