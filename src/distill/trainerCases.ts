// One trainer for all tests of a file. Only tests import this file.
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { openTrainer, type Trainer, type TrainerOptions } from '../train/trainer.ts';
import { HERE } from './distillCases.ts';

/** Options with which students of the small problem learn fast. */
export const LEARN = { batchSize: 16, optimizer: { learningRate: 0.02 } } as const;

/** Opens it before the first test; after each it must hold nothing. */
export function oneTrainer(options: TrainerOptions = HERE): () => Trainer {
  let trainer: Trainer | undefined;
  let tensorsBefore = 0;
  beforeAll(async () => {
    trainer = await openTrainer(options);
    tensorsBefore = (await trainer.memory()).tensors;
  });
  afterEach(async () => expect((await trainer?.memory())?.tensors).toBe(tensorsBefore));
  afterAll(() => trainer?.[Symbol.asyncDispose]());
  return () => {
    if (trainer === undefined) throw new Error('There is no trainer before the first test.');
    return trainer;
  };
}
