import { expect, test } from 'vitest';
import type { StepPlace, TrainBatch } from '../../batch.ts';
import type { TrainJob, TrainSource } from '../../job.ts';
import type { Part, PartContext } from '../part.ts';
import { openAugment } from './openAugment.ts';

const batch = { inputs: { input: { data: new Float32Array(6), shape: [2, 3] } }, teacher: {} };
const source = {} as TrainSource;
const open = (job: Partial<TrainJob>, given: Partial<PartContext> = { source }) =>
  openAugment({ job, ...given } as PartContext) as Part | undefined;
const at = (epoch: number) => ({ epoch, indices: Int32Array.of(0, 1) }) as StepPlace;

test('varies the examples differently in each epoch, and the same way for the same seed', () => {
  const epochs = (seed: number) => {
    const varied = open({ augment: { noise: 1 }, seed });
    const read = [1, 1, 2].map((epoch) => varied?.read?.(batch, at(epoch)) as TrainBatch);
    for (const { asTheyAre } of read) expect(asTheyAre).toBe(batch.inputs);
    return read.map(({ inputs }) => inputs['input']?.data);
  };
  const [first, second, third] = epochs(1);
  expect(second).toEqual(first);
  expect(third).not.toEqual(first);
  expect(epochs(1)).toEqual([first, second, third]);
  expect(epochs(2)[0]).not.toEqual(first);
  expect(batch.inputs.input.data.every((value) => value === 0)).toBe(true);
});

test('does not open for a run without augmentation, or for a check', () => {
  expect(open({ seed: 1 })).toBeUndefined();
  expect(open({ augment: { noise: 1 }, seed: 1 }, { source: undefined })).toBeUndefined();
});
