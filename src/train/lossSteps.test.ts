import { afterEach, describe, expect, test, vi } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { trainingOn } from './loopCases.ts';
import { lossStepCases, setUpLoss } from './lossStepCases.ts';
import { trainStep } from './step.ts';
import { openStepper } from './stepper.ts';

/** Two go through tfjs, the third is recorded, the fourth is verified, the others are replayed. */
const STEPS = 7;
const FIRST_REPLAYED = 4;
/** An optimizer's step is one kernel; a replayed step calls no other through tfjs. */
const MOST_CALLS = 5;

type SetUp = Awaited<ReturnType<typeof setUpLoss>>;

afterEach(() => void vi.restoreAllMocks());

describe('steps of a loss', () => {
  trainingOn('wasm');

  test.each(Object.entries(lossStepCases))('%s', async (_name, one) => {
    const eager = await setUpLoss(one);
    const eagerLosses = stepsOf(eager, (batch, where) => trainStep(eager.options, eager.variables, batch, where));
    const eagerWeights = weightsOf(eager);
    eager.free();
    const replayed = await setUpLoss(one);
    const stepper = openStepper(replayed.options);
    const runKernel = vi.spyOn(tf.engine(), 'runKernel');
    const calls: number[] = [];
    const values = stepsOf(replayed, (batch, where) => {
      runKernel.mockClear();
      const value = stepper.step(batch, where);
      calls.push(runKernel.mock.calls.length);
      return value;
    });
    expect(stepper.why).toBeUndefined();
    const isReplayed = Array.from({ length: STEPS }, (_, i) => i >= FIRST_REPLAYED);
    expect(calls.map((count) => count <= MOST_CALLS)).toEqual(isReplayed);
    expect(values).toEqual(eagerLosses);
    expect(new Set(values).size).toBe(STEPS);
    expect(weightsOf(replayed)).toEqual(eagerWeights);
    stepper[Symbol.dispose]();
    replayed.free();
  });
});

function stepsOf({ batch }: SetUp, step: (batch: ReturnType<SetUp['batch']>, where: string) => number): number[] {
  return Array.from({ length: STEPS }, (_, i) => step(batch(i), `step ${i}`));
}

/** The student's weights, and what the loss learns and remembers. */
function weightsOf({ options }: SetUp): number[][] {
  return [...options.loss.kept, ...options.model.getWeights()].map((weight) => Array.from(weight.dataSync()));
}
