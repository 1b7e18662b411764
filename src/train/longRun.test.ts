import { describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { trainingOn } from './loopCases.ts';
import { openStepper } from './stepper.ts';
import { batchOf, type Case, CLASSES, setUp, students } from './stepperCases.ts';

const small: Case = { student: () => mlp({ inputShape: [6], hidden: [5], classes: CLASSES }), shape: [6] };
/** Steps between two smaller batches. */
const EPOCH = 10;

describe('a long run', () => {
  const { heapBytes } = trainingOn('wasm');

  test.each([
    ['an mlp', small, 10_000],
    ['resnet8', students['resnet8'] as Case, 1000],
  ])(
    'of %s keeps no more tensors or heap from the tenth step on',
    async (_name, one, steps) => {
      const { options, free } = await setUp(one);
      const stepper = openStepper(options);
      const whole = Array.from({ length: 4 }, (_, i) => batchOf(one, 4, i));
      const smaller = batchOf(one, 3, 9);
      const state = () => {
        const { numTensors, numBytes, numDataBuffers } = tf.memory();
        return { numTensors, numBytes, numDataBuffers, heapBytes: heapBytes() };
      };
      let first: ReturnType<typeof state> | undefined;
      for (let i = 1; i <= steps; i++) {
        const batch = i % EPOCH === 0 ? smaller : (whole[i % whole.length] as typeof smaller);
        stepper.step(batch, `step ${i}`);
        if (i === EPOCH) first = state();
      }
      expect(stepper.why).toBeUndefined();
      expect(state()).toEqual(first);
      stepper[Symbol.dispose]();
      free();
    },
    60_000,
  );
});
