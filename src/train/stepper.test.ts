import { afterEach, describe, expect, test, vi } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { drawsOf } from './replayable.ts';
import { putRunState, takeRunState } from './runState.ts';
import { trainStep, variablesOf } from './step.ts';
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

describe('steps with dropout', () => {
  trainingOn('wasm');

  const { layers } = tf;
  const drop = (seed: number) => layers.dropout({ rate: 0.4, seed });
  const models: Readonly<Record<string, () => tf.layers.Layer[]>> = {
    dropout: () => [layers.dense({ units: 24, inputShape: [12] }), drop(1), layers.dense({ units: 8 }), drop(2)],
    'one layer twice': () => {
      const shared = drop(1);
      return [layers.dense({ units: 24, inputShape: [12] }), shared, layers.dense({ units: 24 }), shared];
    },
    'spatial, of each position, of rows': () => [
      layers.reshape({ targetShape: [4, 3], inputShape: [12] }),
      layers.dense({ units: 6 }),
      layers.spatialDropout1d({ rate: 0.4, seed: 1 }),
      layers.timeDistributed({ layer: drop(2) }),
      layers.flatten(),
      layers.dropout({ rate: 0.4, seed: 3, noiseShape: [4, 1] }),
    ],
  };

  function open(name: string) {
    const layer = (models[name] as () => tf.layers.Layer[])();
    const model = tf.sequential({ layers: [...layer, layers.dense({ units: CLASSES })] });
    const seeded = model.getWeights().map(({ shape }, i) => tf.randomUniform(shape, -0.5, 0.5, 'float32', i));
    model.setWeights(seeded);
    tf.dispose(seeded);
    const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
    const options = { model, optimizer, loss };
    const stepper = openStepper(options);
    const free = () => {
      stepper[Symbol.dispose]();
      optimizer.dispose();
      model.dispose();
    };
    return { ...options, options, stepper, variables: variablesOf(options), free };
  }

  // The same batch each time, and so another loss only by another mask.
  const batch = () => batchOf(mlpCase, 4, 1);

  test.each(Object.keys(models))('draw the masks of steps through tfjs: %s', async (name) => {
    const [eager, replayed] = [open(name), open(name)];
    const expected = sizes.map(() => trainStep(eager.options, eager.variables, batch(), ''));
    const runKernel = vi.spyOn(tf.engine(), 'runKernel');
    const calls: number[] = [];
    const losses = sizes.map(() => {
      runKernel.mockClear();
      const value = replayed.stepper.step(batch(), '');
      calls.push(runKernel.mock.calls.length);
      return value;
    });
    expect(replayed.stepper.why).toBeUndefined();
    expect(losses).toEqual(expected);
    expect(drawsOf(replayed.model)).toEqual(drawsOf(eager.model));
    expect(weightsOf(replayed.model)).toEqual(weightsOf(eager.model));
    expect(calls.map((count) => count > 5)).toEqual(sizes.map((_, i) => i < 4));
    for (const { free } of [eager, replayed]) free();
  });

  test('go on with the masks of a run that was interrupted', async () => {
    const [whole, before, after] = ['dropout', 'dropout', 'dropout'].map(open) as [Opened, Opened, Opened];
    const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(() => whole.stepper.step(batch(), ''));
    const losses = [0, 1, 2, 3, 4, 5].map(() => before.stepper.step(batch(), ''));
    const state = await takeRunState({ ...before, parts: [] }, 1);
    expect(state.draws.filter((calls) => calls > 0)).toEqual([6, 6]);
    putRunState({ ...after, parts: [] }, state);
    losses.push(...[6, 7, 8, 9, 10, 11].map(() => after.stepper.step(batch(), '')));
    expect(losses).toEqual(expected);
    expect(new Set(losses).size).toBe(12);
    for (const { free } of [whole, before, after]) free();
  });

  type Opened = ReturnType<typeof open>;
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
        tf.layers.gaussianNoise({ stddev: 0.5 }),
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
