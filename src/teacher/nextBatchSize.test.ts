// A teacher that is wrapped still says how many it wants to be asked about next: else it could learn nothing.
import { expect, test } from 'vitest';
import { openStore } from '../storage/openStore.ts';
import { cachedTeacher } from './cachedTeacher.ts';
import { calibrated } from './calibrated.ts';
import { ensemble } from './ensemble.ts';
import { logits } from './ensembleCases.ts';
import { nextBatchSize, type Teacher } from './teacher.ts';

const saying = (...sizes: number[]): Teacher => ({
  ...logits([1, 2, 3, 4], 2, 2),
  nextBatchSize: () => sizes.shift(),
});

test.each<[string, (teacher: Teacher) => Promise<Teacher> | Teacher]>([
  ['calibrated', (teacher) => calibrated(teacher, 2)],
  ['cached', async (teacher) => cachedTeacher(teacher, await openStore('answers', { kind: 'memory' }))],
  ['in an ensemble', (teacher) => ensemble([teacher])],
])('%s', async (_, wrap) => {
  const teacher = await wrap(saying(8, 24));
  expect([nextBatchSize(teacher), nextBatchSize(teacher), nextBatchSize(teacher)]).toEqual([8, 24, 16]);
});

test('an ensemble asks about as many as the member that wants least', () => {
  expect(nextBatchSize(ensemble([saying(8), saying(32)]))).toBe(8);
  expect(nextBatchSize(ensemble([saying(64), logits([1, 2], 1, 2)]))).toBe(16);
});

test('what is given goes before what it says, and that before its description, and 32 where nobody says anything', () => {
  const { batchSize: _, ...silent } = saying().description;
  expect(nextBatchSize(saying(8), 5)).toBe(5);
  expect(nextBatchSize(saying())).toBe(16);
  expect(nextBatchSize({ description: silent })).toBe(32);
});
