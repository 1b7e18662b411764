// One trainer for all tests of a file. Only tests import this file.
import { afterAll, beforeAll, expect } from 'vitest';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { HERE } from './distillCases.ts';

/** Options with which students of the small problem learn fast. */
export const LEARN = { batchSize: 16, optimizer: { learningRate: 0.02 } } as const;

/** Opens it before the first test; after the last one it must hold nothing. */
export function oneTrainer(): () => Trainer {
  let trainer: Trainer | undefined;
  let tensorsBefore = 0;
  beforeAll(async () => {
    trainer = await openTrainer(HERE);
    tensorsBefore = (await trainer.memory()).tensors;
  });
  afterAll(async () => {
    expect((await trainer?.memory())?.tensors).toBe(tensorsBefore);
    await trainer?.[Symbol.asyncDispose]();
  });
  return () => {
    if (trainer === undefined) throw new Error('There is no trainer before the first test.');
    return trainer;
  };
}
