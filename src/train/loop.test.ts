import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { pickRows } from '../data/arrays.ts';
import type { Loss } from '../losses/loss.ts';
import { backendOptions } from '../losses/lossContract.ts';
import { softTargets } from '../losses/softTargets.ts';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import { type LoopOptions, type StepEvent, type TrainBatch, trainLoop, trainStep } from './loop.ts';
import { makeOptimizer, type OptimizerOptions } from './optimizer.ts';

/** training.json, which scripts/golden/train.py made with PyTorch: integers k stand for k / 16, weights for k / 256. */
interface Golden {
  readonly temperature: number;
  readonly batch: number;
  readonly classes: number;
  readonly students: Readonly<Record<'mlp' | 'cnn', GoldenStudent>>;
}

interface GoldenStudent {
  readonly inputShape: readonly number[];
  readonly weightShapes: readonly (readonly number[])[];
  readonly inputs: readonly number[];
  readonly teacher: readonly number[];
  readonly start: readonly (readonly number[])[];
  readonly runs: Readonly<Record<string, GoldenRun>>;
}

interface GoldenRun {
  readonly options: OptimizerOptions;
  readonly losses: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

const goldenFile = new URL('../losses/golden/training.json', import.meta.url);
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden;

/**
 * Twenty steps round weights near 1 and losses near 6 to float32, 2⁻²⁴ of them each time. Adam is further off, the same
 * on both backends: tfjs keeps β₂ᵗ in float32, so 1 − β₂ᵗ, which is 0.001 at first, is wrong by some 1e-5 of itself and
 * every weight moves too far by half of that. Largest seen: losses 1.4e-6 and 3.0e-5, weights 3.0e-7 and 1.4e-6.
 */
const TOLERANCES: Record<string, { readonly loss: number; readonly weight: number }> = {
  momentum: { loss: 4e-6, weight: 1e-6 },
  adam: { loss: 1e-4, weight: 4e-6 },
};

const FEATURES = 6;
const CLASSES = 3;
const SIZE = 50;

const makers: Record<string, () => tf.LayersModel> = {
  mlp: () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    }),
  'batch norm': () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    }),
};

describe.each(['cpu', 'wasm'] as const)('training on %s', (backendName) => {
  let backend: OpenBackend | undefined;
  let tensorsBefore = 0;
  beforeAll(async () => {
    backend = await openBackendHere(backendOptions(backendName));
  });
  beforeEach(() => {
    tensorsBefore = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
  afterAll(() => backend?.dispose());

  describe.each(['mlp', 'cnn'] as const)('a golden %s', (name) => {
    test.each(['adam', 'momentum'])('follows PyTorch’s losses and weights with %s', (optimizerName) => {
      const student = golden.students[name];
      const run = student.runs[optimizerName] as GoldenRun;
      const model = goldenModel(name, student);
      const optimizer = makeOptimizer(tf, run.options);
      const loss = softTargets({ temperature: golden.temperature });
      const variables = variablesOf(model);
      const tolerance = TOLERANCES[optimizerName] ?? { loss: 0, weight: 0 };
      run.losses.forEach((expected, step) => {
        const got = trainStep({ model, loss, optimizer }, variables, goldenBatch(student, step), `step ${step}`);
        expectClose(got, expected, tolerance.loss, `loss ${step}`);
      });
      weightsOf(model).forEach((values, i) => {
        values.forEach((value, j) => {
          expectClose(value, run.weights[i]?.[j] ?? Number.NaN, tolerance.weight, `weight ${i}, ${j}`);
        });
      });
      optimizer.dispose();
      model.dispose();
    });
  });

  test('keeps neither tensors nor heap from the tenth step on', async () => {
    for (const make of Object.values(makers)) {
      const { options, free } = setUp(make(), { epochs: 30 });
      const states: ReturnType<typeof state>[] = [];
      const state = () => {
        const { numTensors, numDataBuffers, numBytes } = tf.memory();
        return { numTensors, numDataBuffers, numBytes, heapBytes: backend?.heapBytes() };
      };
      for await (const event of trainLoop(options)) if (event.type === 'step') states.push(state());
      expect(states.length).toBeGreaterThanOrEqual(200);
      for (const later of states.slice(10)) expect(later).toEqual(states[9]);
      free();
    }
  });

  test.each(Object.keys(makers))('stops between steps, with the %s as the last step left it', async (name) => {
    const controller = new AbortController();
    const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), { signal: controller.signal });
    let steps = 0;
    let left: number[][] = [];
    const run = async () => {
      for await (const event of trainLoop(options)) {
        if (event.type !== 'step') continue;
        steps++;
        left = weightsOf(model);
        if (steps === 3) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toBe(3);
    expect(weightsOf(model)).toEqual(left);
    free();
  });

  describe.each(Object.keys(makers))('a number that is not finite', (name) => {
    test.each(['inputs', 'teacher'] as const)(
      `in the %s leaves the ${name} as it was before that step`,
      async (where) => {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), {});
          let reads = 0;
          const read = async (indices: Int32Array) => {
            const batch = await options.read(indices);
            if (++reads === 3) Object.values(batch[where])[0]?.data.set([bad], 4);
            return batch;
          };
          let left = weightsOf(model);
          let steps = 0;
          const run = async () => {
            for await (const event of trainLoop({ ...options, read })) {
              if (event.type === 'step') steps++;
              left = weightsOf(model);
            }
          };
          await expect(run()).rejects.toMatchObject({ code: 'not-finite' });
          expect(steps).toBe(2);
          expect(weightsOf(model)).toEqual(left);
          expect(left.flat().every(Number.isFinite)).toBe(true);
          free();
        }
      },
    );
  });

  test.each(Object.keys(makers))('a lost loss leaves the %s as it was, and says what to do', async (name) => {
    const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), { loss: lostAfter(4) });
    let left = weightsOf(model);
    const run = async () => {
      for await (const _ of trainLoop(options)) left = weightsOf(model);
    };
    await expect(run()).rejects.toThrow(/"lost" became NaN at epoch 1, step 5;.*learning rate/);
    expect(weightsOf(model)).toEqual(left);
    free();
  });

  test('moves batch statistics while training', async () => {
    const { options, model, free } = setUp((makers['batch norm'] as () => tf.LayersModel)(), { epochs: 1 });
    const before = statisticsOf(model);
    for await (const _ of trainLoop(options));
    const after = statisticsOf(model);
    expect(before.length).toBe(2);
    before.forEach((values, i) => {
      expect(after[i]?.every((value, j) => value !== values[j] && Number.isFinite(value))).toBe(true);
    });
    free();
  });
});

describe('an epoch', () => {
  beforeAll(() => tf.setBackend('cpu').then(() => undefined));

  async function ordersOf(options: Partial<LoopOptions>): Promise<number[][]> {
    const orders: number[][] = [];
    const { options: all, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), options);
    const read = (indices: Int32Array) => {
      orders.push([...indices]);
      return all.read(indices);
    };
    for await (const _ of trainLoop({ ...all, read }));
    free();
    return orders;
  }

  test('sees every example once, in batches, in an order that seed and epoch decide', async () => {
    const orders = await ordersOf({ epochs: 2, seed: 3 });
    expect(orders.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 8, 2]);
    const epochs = [orders.slice(0, 7).flat(), orders.slice(7).flat()];
    const all = Array.from({ length: SIZE }, (_, i) => i);
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(all);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[0]).not.toEqual(all);
    expect(await ordersOf({ epochs: 2, seed: 3 })).toEqual(orders);
    expect(await ordersOf({ epochs: 2, seed: 4 })).not.toEqual(orders);
  });

  test('takes a batch larger than the data', async () => {
    expect((await ordersOf({ epochs: 1, batchSize: 1000 })).map(({ length }) => length)).toEqual([SIZE]);
  });

  test('reports the mean loss over its examples, and each step on the way', async () => {
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), { epochs: 2 });
    const steps: StepEvent[] = [];
    let epochs = 0;
    for await (const event of trainLoop(options)) {
      if (event.type === 'step') {
        steps.push(event);
        continue;
      }
      epochs++;
      const sizes = steps.map(({ step }) => (step < 7 ? 8 : 2));
      const mean = steps.reduce((sum, { loss }, i) => sum + loss * (sizes[i] as number), 0) / SIZE;
      expect(event.loss).toBeCloseTo(mean, 12);
      expect(event).toMatchObject({ type: 'epoch', epoch: epochs, epochs: 2 });
      expect(event.examplesPerSecond).toBeGreaterThan(0);
      expect(steps.map(({ step, steps: of, epoch }) => [step, of, epoch])).toEqual(
        Array.from({ length: 7 }, (_, i) => [i + 1, 7, epochs]),
      );
      steps.length = 0;
    }
    expect(epochs).toBe(2);
    free();
  });

  test('ends with what reading throws, even while a step is under way', async () => {
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), {});
    let reads = 0;
    const read = async (indices: Int32Array) => {
      if (++reads === 4) throw new Error('the disk is gone');
      return options.read(indices);
    };
    let steps = 0;
    const run = async () => {
      for await (const _ of trainLoop({ ...options, read })) steps++;
    };
    await expect(run()).rejects.toThrow('the disk is gone');
    expect(steps).toBe(3);
    free();
  });
});

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}

/** Random examples, a teacher that is a random linear map of them, and everything that a loop needs. */
function setUp(model: tf.LayersModel, changed: Partial<LoopOptions>) {
  const random = seededRandom(11);
  const values = (count: number) => Float32Array.from({ length: count }, () => 4 * random() - 2);
  const inputs = { data: values(SIZE * FEATURES), shape: [SIZE, FEATURES] };
  const map = values(FEATURES * CLASSES);
  const teacher = { data: new Float32Array(SIZE * CLASSES), shape: [SIZE, CLASSES] };
  for (let i = 0; i < SIZE * CLASSES; i++) {
    for (let f = 0; f < FEATURES; f++) {
      const x = inputs.data[Math.floor(i / CLASSES) * FEATURES + f] as number;
      teacher.data[i] = (teacher.data[i] as number) + x * (map[f * CLASSES + (i % CLASSES)] as number);
    }
  }
  const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
  const options: LoopOptions = {
    model,
    loss: softTargets(),
    optimizer,
    size: SIZE,
    read: async (indices) => ({
      inputs: { input: pickRows(inputs, indices) },
      teacher: { logits: pickRows(teacher, indices) },
    }),
    epochs: 3,
    batchSize: 8,
    seed: 1,
    ...changed,
  };
  const free = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { options, model, free };
}

/** A loss that is no number from some step on. */
function lostAfter(steps: number): Loss {
  let computed = 0;
  const compute: Loss['compute'] = (at, tensors) => {
    const value = softTargets().compute(at, tensors);
    return computed++ < steps ? value : (at.mul(value, Number.NaN) as tf.Scalar);
  };
  return { ...softTargets(), name: 'lost', compute };
}

function goldenModel(name: 'mlp' | 'cnn', { inputShape, weightShapes, start }: GoldenStudent): tf.LayersModel {
  const first =
    name === 'mlp'
      ? [tf.layers.dense({ units: 8, activation: 'relu', inputShape: [...inputShape] })]
      : [
          tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [...inputShape] }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
        ];
  const model = tf.sequential({ layers: [...first, tf.layers.dense({ units: golden.classes })] });
  tf.tidy(() => {
    model.setWeights(
      start.map((integers, i) =>
        tf.tensor(
          integers.map((k) => k / 256),
          [...(weightShapes[i] ?? [])],
        ),
      ),
    );
  });
  return model;
}

function goldenBatch({ inputs, inputShape, teacher }: GoldenStudent, step: number): TrainBatch {
  const rowsOf = (integers: readonly number[], shape: readonly number[]) => {
    const rows = Int32Array.from({ length: golden.batch }, (_, i) => (step % 4) * golden.batch + i);
    return pickRows({ data: Float32Array.from(integers, (k) => k / 16), shape: [4 * golden.batch, ...shape] }, rows);
  };
  return { inputs: { input: rowsOf(inputs, inputShape) }, teacher: { logits: rowsOf(teacher, [golden.classes]) } };
}

function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/** All weights, those that are not trained too. */
function weightsOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => Array.from(weight.dataSync()));
}

function statisticsOf(model: tf.LayersModel): number[][] {
  return model.weights.filter(({ trainable }) => !trainable).map((weight) => Array.from(weight.read().dataSync()));
}

function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  // Written so that a NaN fails.
  if (Math.abs(actual - expected) <= tolerance) return;
  throw new Error(`${what}: ${actual} instead of ${expected} (tolerance ${tolerance})`);
}
