import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { pickRows } from '../../../core/rows.ts';
import { type NdArray, sizeOf } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import { trainingOn, weightsOf } from '../../loopCases.ts';
import { type BatchNormEvent, type EstimateOptions, estimateBatchNorm } from './estimateBatchNorm.ts';

const EPSILON = 1e-3;

/** Seeded examples whose features lie far apart in place and width. */
function examplesOf(shape: readonly number[], size: number): NdArray {
  const random = seededRandom(3);
  const channels = shape.at(-1) as number;
  const data = Float32Array.from({ length: size * sizeOf(shape) }, (_, i) => {
    const channel = i % channels;
    return (1 + channel) * (random() - 0.5) + 10 * channel;
  });
  return { data, shape: [size, ...shape] };
}

interface Estimated {
  readonly events: BatchNormEvent[];
  /** The examples of each batch, in the order in which they were read. */
  readonly read: number[][];
}

async function estimate(
  model: tf.LayersModel,
  examples: NdArray,
  changed: Partial<EstimateOptions> = {},
): Promise<Estimated> {
  const [events, read]: [BatchNormEvent[], number[][]] = [[], []];
  const readInputs = async (indices: Int32Array) => {
    read.push([...indices]);
    return { input: pickRows(examples, indices) };
  };
  const size = examples.shape[0] as number;
  for await (const event of estimateBatchNorm({ model, readInputs, size, batchSize: 8, seed: 1, ...changed })) {
    events.push(event);
  }
  return { events, read };
}

/** Weights by name, as plain numbers. */
function valuesOf(model: tf.LayersModel, name: string): number[] {
  const weight = model.weights.find(({ originalName }) => originalName === name);
  return Array.from(weight?.read().dataSync() ?? []);
}

/** Mean and variance of each column of rows, in two passes over plain numbers. */
function columnsOf(rows: readonly (readonly number[])[]): { readonly mean: number[]; readonly variance: number[] } {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const columns = (rows[0] ?? []).map((_, c) => rows.map((row) => row[c] as number));
  const mean = columns.map(meanOf);
  return { mean, variance: columns.map((values, c) => meanOf(values.map((v) => (v - (mean[c] as number)) ** 2))) };
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i] as number;
    expect(Math.abs(value - wanted), `${i}: ${value} for ${wanted}`).toBeLessThan(2e-5 * (1 + Math.abs(wanted)));
  });
}

/** Rows of the last axis, over all examples and places. */
function rowsOf({ data, shape }: NdArray): number[][] {
  const width = shape.at(-1) as number;
  return Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
}

describe.each(['cpu', 'wasm'] as const)('the estimate on %s', (backendName) => {
  trainingOn(backendName);

  test('is the mean and variance of all values; on the way each batch is normalized by its own statistics', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [3], name: 'first', kernelInitializer: seeded(1) }),
        tf.layers.batchNormalization({ name: 'one', momentum: 0.99, epsilon: EPSILON, betaInitializer: 'ones' }),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.dense({ units: 5, name: 'second', useBias: false, kernelInitializer: seeded(2) }),
        tf.layers.batchNormalization({ name: 'two', momentum: 0, epsilon: EPSILON }),
      ],
    });
    const examples = examplesOf([3], 43);
    const before = weightsOf(model);
    const { read, events } = await estimate(model, examples);
    expect(read.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8]);
    expect(events.map((event) => event.examples)).toEqual([8, 16, 24, 32, 40]);
    expect(events.at(-1)).toEqual({ type: 'batch-norm', layers: 2, examples: 40, total: 40 });

    const kernel = (name: string, width: number) => {
      const flat = valuesOf(model, `${name}/kernel`);
      return Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));
    };
    const times = (rows: number[][], matrix: number[][]) =>
      rows.map((row) =>
        (matrix[0] as number[]).map((_, c) => row.reduce((sum, x, i) => sum + x * (matrix[i]?.[c] as number), 0)),
      );
    const seen: { one: number[][]; two: number[][] } = { one: [], two: [] };
    for (const indices of read) {
      const first = times(rowsOf(pickRows(examples, Int32Array.from(indices))), kernel('first', 4));
      const own = columnsOf(first);
      const normal = first.map((row) =>
        row.map((x, c) =>
          Math.max(0, (x - (own.mean[c] as number)) / Math.sqrt((own.variance[c] as number) + EPSILON) + 1),
        ),
      );
      seen.one.push(...first);
      seen.two.push(...times(normal, kernel('second', 5)));
    }
    for (const name of ['one', 'two'] as const) {
      const { mean, variance } = columnsOf(seen[name]);
      expectClose(valuesOf(model, `${name}/moving_mean`), mean);
      expectClose(valuesOf(model, `${name}/moving_variance`), variance);
    }
    // Nothing that learns has moved, and the layers are as they were.
    const learned = model.trainableWeights.length;
    expect(weightsOf(model).slice(0, learned)).toEqual(before.slice(0, learned));
    expect(model.layers.some((layer) => Object.hasOwn(layer, 'call'))).toBe(false);
    model.dispose();
  });

  const input = (shape: number[]) => tf.input({ shape, name: 'input' });
  const norm = (changed: object = {}) => tf.layers.batchNormalization({ name: 'norm', ...changed });
  const stacked = (x: tf.SymbolicTensor, ...layers: { apply(x: tf.SymbolicTensor): unknown }[]) =>
    tf.model({ inputs: x, outputs: layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x) });

  const places: Record<string, { readonly shape: number[]; make(shape: number[]): tf.LayersModel }> = {
    'of feature maps': { shape: [3, 2, 4], make: (shape) => stacked(input(shape), norm()) },
    'without scale and offset': {
      shape: [5],
      make: (shape) => stacked(input(shape), norm({ scale: false, center: false })),
    },
    'in a nested model': { shape: [6], make: (shape) => stacked(input(shape), stacked(input(shape), norm())) },
    'in a wrapper': {
      shape: [4, 3],
      make: (shape) => stacked(input(shape), tf.layers.timeDistributed({ layer: norm(), name: 'wrapper' })),
    },
    'after dropout, which is off': {
      shape: [5],
      make: (shape) => stacked(input(shape), tf.layers.dropout({ rate: 0.5 }), norm()),
    },
  };
  test.each(Object.entries(places))('reaches a batch normalization %s', async (_, { shape, make }) => {
    const model = make(shape);
    const examples = examplesOf(shape, 24);
    await estimate(model, examples);
    const { mean, variance } = columnsOf(rowsOf(examples));
    expectClose(statisticOf(model, 'moving_mean'), mean);
    expectClose(statisticOf(model, 'moving_variance'), variance);
    model.dispose();
  });

  test('works with channels on any axis', async () => {
    const model = stacked(input([3, 4]), norm({ axis: 1 }));
    const examples = examplesOf([3, 4], 16);
    await estimate(model, examples);
    const rows = Array.from({ length: 16 * 4 }, (_, i) =>
      [0, 1, 2].map((c) => examples.data[(Math.floor(i / 4) * 3 + c) * 4 + (i % 4)] as number),
    );
    const { mean, variance } = columnsOf(rows);
    expectClose(statisticOf(model, 'moving_mean'), mean);
    expectClose(statisticOf(model, 'moving_variance'), variance);
    model.dispose();
  });

  test('counts every call of a layer that is used twice', async () => {
    const x = input([3]);
    const shared = norm();
    const outputs = [x, tf.layers.activation({ activation: 'relu' }).apply(x) as tf.SymbolicTensor];
    const model = tf.model({ inputs: x, outputs: outputs.map((one) => shared.apply(one) as tf.SymbolicTensor) });
    const examples = examplesOf([3], 16);
    await estimate(model, examples);
    const rows = rowsOf(examples);
    const { mean, variance } = columnsOf([...rows, ...rows.map((row) => row.map((value) => Math.max(0, value)))]);
    expectClose(statisticOf(model, 'moving_mean'), mean);
    expectClose(statisticOf(model, 'moving_variance'), variance);
    model.dispose();
    // tfjs leaves a shared layer's weights behind.
    shared.dispose();
  });

  test('changes nothing if it is aborted or an example is NaN', async () => {
    const model = stacked(input([3]), norm());
    const before = weightsOf(model);
    const examples = examplesOf([3], 40);
    const controller = new AbortController();
    let reads = 0;
    const readInputs = async (indices: Int32Array) => {
      if (++reads === 3) controller.abort();
      return { input: pickRows(examples, indices) };
    };
    const aborted = estimate(model, examples, { readInputs, signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    examples.data[50] = Number.NaN;
    await expect(estimate(model, examples)).rejects.toMatchObject({ code: 'not-finite' });
    expect(weightsOf(model)).toEqual(before);
    expect(model.layers.some((layer) => Object.hasOwn(layer, 'call'))).toBe(false);
    model.dispose();
  });
});

describe('the examples of an estimate', () => {
  trainingOn('cpu');
  const make = () => {
    const x = tf.input({ shape: [2], name: 'input' });
    return tf.model({ inputs: x, outputs: tf.layers.batchNormalization().apply(x) as tf.SymbolicTensor });
  };
  const readOf = async (size: number, changed: Partial<EstimateOptions> = {}) => {
    const model = make();
    const { read } = await estimate(model, examplesOf([2], size), changed);
    model.dispose();
    return read;
  };

  test('are whole batches of the data, or all the data if it is smaller', async () => {
    expect((await readOf(5)).map(({ length }) => length)).toEqual([5]);
    expect((await readOf(17)).map(({ length }) => length)).toEqual([8, 8]);
  });

  test('are at most 4,096, none of them twice', async () => {
    const all = (await readOf(6000, { batchSize: 64 })).flat();
    expect(all.length).toBe(4096);
    expect(new Set(all).size).toBe(4096);
  });

  test('are chosen by the seed', async () => {
    expect(await readOf(40)).toEqual(await readOf(40));
    expect(await readOf(40)).not.toEqual(await readOf(40, { seed: 2 }));
  });

  test('are none in a model without batch normalization', async () => {
    const x = tf.input({ shape: [2], name: 'input' });
    const model = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 1 }).apply(x) as tf.SymbolicTensor });
    expect(await estimate(model, examplesOf([2], 16))).toEqual({ events: [], read: [] });
    model.dispose();
  });
});

/** Of the only batch normalization, whatever it lies in. */
function statisticOf(model: tf.LayersModel, name: string): number[] {
  const weight = model.weights.find(({ originalName }) => originalName.endsWith(name));
  return Array.from(weight?.read().dataSync() ?? []);
}

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}
