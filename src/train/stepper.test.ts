import { afterEach, describe, expect, test, vi } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { trainStep } from './step.ts';
import { openStepper } from './stepper.ts';
import { batchOf, type Case, CLASSES, loss, setUp, students } from './stepperCases.ts';

/** The batches of an epoch; the last is smaller. */
const sizes = [4, 4, 4, 2, 4, 4, 4, 2, 4, 4];

const mlpCase = students['mlp'] as Case;
afterEach(() => void vi.restoreAllMocks());

describe('steps that are replayed', () => {
  trainingOn('wasm');

  test.each(Object.entries(students))('%s: equal those through tfjs, bit for bit', async (_name, one) => {
    const eager = await setUp(one);
    const eagerLosses = sizes.map((size, i) =>
      trainStep(eager.options, eager.variables, batchOf(one, size, i), `step ${i}`),
    );
    const replayed = await setUp(one);
    const stepper = openStepper(replayed.options);
    const runKernel = vi.spyOn(tf.engine(), 'runKernel');
    const calls: number[] = [];
    const losses = sizes.map((size, i) => {
      runKernel.mockClear();
      const value = stepper.step(batchOf(one, size, i), `step ${i}`);
      calls.push(runKernel.mock.calls.length);
      return value;
    });
    expect(stepper.why).toBeUndefined();
    expect(losses).toEqual(eagerLosses);
    expect(weightsOf(replayed.options.model)).toEqual(weightsOf(eager.options.model));
    // Steps 1 and 2 go through tfjs, 3 is recorded, 5 is compared, the others of its size are replayed.
    expect(calls.map((count) => count > 5)).toEqual([true, true, true, true, true, false, false, true, false, false]);
    stepper[Symbol.dispose]();
    eager.free();
    replayed.free();
  });

  test('a batch that is not finite is named and changes nothing, and the next one is learned', async () => {
    const one = students['resnet8'] as Case;
    const { options, free } = await setUp(one);
    const stepper = openStepper(options);
    for (let i = 0; i < 5; i++) stepper.step(batchOf(one, 4, i), `step ${i}`);
    const before = weightsOf(options.model);
    for (const at of ['inputs', 'teacher'] as const) {
      const batch = batchOf(one, 4, 9);
      (Object.values(batch[at])[0] as { data: Float32Array }).data[5] = Number.NaN;
      expect(() => stepper.step(batch, 'step 6')).toThrow(expect.objectContaining({ code: 'not-finite' }));
      expect(weightsOf(options.model)).toEqual(before);
    }
    const value = stepper.step(batchOf(one, 4, 5), 'step 7');
    expect(Number.isFinite(value)).toBe(true);
    expect(weightsOf(options.model)).not.toEqual(before);
    stepper[Symbol.dispose]();
    free();
  });

  test('replaced weights are used by the next step', async () => {
    const [planned, eager] = [await setUp(mlpCase), await setUp(mlpCase)];
    const stepper = openStepper(planned.options);
    for (let i = 0; i < 8; i++) {
      if (i === 5) {
        for (const { variables } of [planned, eager]) {
          tf.tidy(() => {
            const [first] = variables as [tf.Variable];
            first.assign(tf.fill(first.shape, 0.1));
          });
        }
      }
      const batch = batchOf(mlpCase, 4, i);
      expect(stepper.step(batch, '')).toBe(trainStep(eager.options, eager.variables, batch, ''));
    }
    expect(stepper.why).toBeUndefined();
    stepper[Symbol.dispose]();
    planned.free();
    eager.free();
  });

  test('keep no more tensors or heap', async () => {
    const one = students['resnet8'] as Case;
    const { options, free } = await setUp(one);
    const stepper = openStepper(options);
    const step = (i: number) => stepper.step(batchOf(one, sizes[i % sizes.length] as number, i), '');
    for (let i = 0; i < 10; i++) step(i);
    const { numTensors, numBytes } = tf.memory();
    for (let i = 10; i < 200; i++) step(i);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    stepper[Symbol.dispose]();
    free();
  });
});

describe('steps that must go through tfjs', () => {
  trainingOn('wasm');

  test.each(['a loss that does not say it is static', 'a layer of another class'])('%s', async (name) => {
    const isLoss = name.startsWith('a loss');
    const { options, free } = await setUp(mlpCase, isLoss ? { ...loss, isStatic: undefined } : loss);
    if (!isLoss) (options.model.layers[1] as tf.layers.Layer).getClassName = () => 'Mine';
    const stepper = openStepper(options);
    expect(stepper.why).toMatch(isLoss ? /the loss "weighted"/ : /\(Mine\) may compute something else/);
    for (let i = 0; i < 6; i++) stepper.step(batchOf(mlpCase, 4, i), '');
    stepper[Symbol.dispose]();
    free();
  });

  test('a layer that draws random numbers is detected, and continues to learn', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [12] }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: CLASSES }),
      ],
    });
    const optimizer = makeOptimizer(tf, {});
    const stepper = openStepper({ model, optimizer, loss });
    for (let i = 0; i < 6; i++) stepper.step(batchOf(mlpCase, 4, 1), '');
    expect(stepper.why).toMatch(/same numbers twice|tfjs's own/);
    const before = weightsOf(model);
    stepper.step(batchOf(mlpCase, 4, 1), '');
    expect(weightsOf(model)).not.toEqual(before);
    stepper[Symbol.dispose]();
    optimizer.dispose();
    model.dispose();
  });
});
