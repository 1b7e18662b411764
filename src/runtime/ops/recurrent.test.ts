import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { plainGru, plainLstm } from '../cases/plainRecurrentCases.ts';
import { beginOnWasm, cutInto, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { finiteDifferences, type PlainFunction } from '../kernels/cases/finiteDifferenceCases.ts';
import { installKernels } from '../kernels/install.ts';
import type { RecurrentActivation } from '../kernels/recurrent/recurrent.ts';
import * as tf from '../tf.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';

type Layer = 'lstm' | 'gru';
type Numbers = Readonly<Record<string, readonly number[]>>;

/** One case of golden/<layer>.json, which scripts/golden/recurrent.py made with PyTorch in float64. */
interface GoldenCase {
  readonly options: Options;
  readonly inputs: Readonly<Record<string, { readonly shape: number[]; readonly k: readonly number[] }>>;
  readonly weights: Numbers;
  readonly results: Numbers;
  readonly gradients: Numbers;
}

interface Options {
  readonly recurrentActivation: RecurrentActivation;
  readonly resetAfter?: boolean;
}

const goldenOf = (layer: Layer) =>
  (JSON.parse(readFileSync(new URL(`./golden/${layer}.json`, import.meta.url), 'utf8')) as { cases: GoldenCase[] })
    .cases;

const binaryOf = readBinaries();
beginOnWasm();

/** Named results of a layer with named inputs. */
function results(layer: Layer, options: Options, inputs: tf.NamedTensorMap): tf.NamedTensorMap {
  const { x, h0, c0, ...rest } = inputs as { x: tf.Tensor; h0: tf.Tensor; c0: tf.Tensor };
  const weights = rest as unknown as Parameters<typeof lstm>[1];
  if (layer === 'gru') return { outputs: gru(x, weights, { ...options, initialState: h0 }).outputs };
  const { outputs, lastCell } = lstm(x, weights, { ...options, initialState: { h: h0, c: c0 } });
  return { outputs, lastCell };
}

/** Results, and gradients of Σ weight · result by the inputs' names. */
function compute(layer: Layer, options: Options, inputs: tf.NamedTensorMap, weights: Numbers) {
  const names = Object.keys(inputs);
  const found: Record<string, number[]> = {};
  const loss = (...tensors: tf.Tensor[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
    const terms = Object.entries(results(layer, options, named)).map(([name, result]) => {
      found[name] = [...result.dataSync()];
      return tf.sum(tf.mul(result, tf.tensor([...(weights[name] as number[])], result.shape)));
    });
    return tf.addN(terms) as tf.Scalar;
  };
  const gradients = tf.tidy(() =>
    tf
      .grads(loss)(Object.values(inputs))
      .map((gradient) => [...gradient.dataSync()]),
  );
  return { results: found, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i] ?? []])) };
}

function expectClose(actual: Numbers, wanted: Numbers, tolerance: number): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, values] of Object.entries(wanted)) {
    expect(actual[name]?.length, name).toBe(values.length);
    const largest = Math.max(1, ...values.map(Math.abs));
    values.forEach((value, i) => {
      const missed = Math.abs((actual[name]?.[i] as number) - value);
      expect(missed, `${name} ${i}: ${actual[name]?.[i]} for ${value}`).toBeLessThanOrEqual(tolerance * largest);
    });
  }
}

const sixteenths = (k: readonly number[]) => k.map((value) => value / 16);
const mapped = (numbers: Numbers) =>
  Object.fromEntries(Object.entries(numbers).map(([name, k]) => [name, sixteenths(k)]));

describe.each(['lstm', 'gru'] as const)('%s', (layer) => {
  test.each([...levels, 'cpu'])('gives the values and gradients of PyTorch (%s)', async (where) => {
    if (where === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf(where as (typeof levels)[number]));
    const cases = goldenOf(layer);
    expect(cases.length).toBeGreaterThan(5);
    const before = tf.memory().numTensors;
    for (const { options, inputs, weights, ...wanted } of cases) {
      tf.tidy(() => {
        const tensors = Object.fromEntries(
          Object.entries(inputs).map(([name, { shape, k }]) => [name, tf.tensor(sixteenths(k), shape)]),
        );
        const actual = compute(layer, options, tensors, mapped(weights));
        // Of the largest value: some tens of float32 roundings, carried through seven steps at most.
        expectClose(actual.results, wanted.results, 2e-6);
        expectClose(actual.gradients, wanted.gradients, 4e-6);
      });
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('with kernels', () => {
  const sizes = { batch: 2, time: 4, features: 3, units: 5 };
  const { batch, time, features, units } = sizes;
  const shapesOf = (gates: number) => ({
    x: [batch, time, features],
    kernel: [features, gates * units],
    recurrentKernel: [units, gates * units],
    bias: [gates * units],
    h0: [batch, units],
    ...(gates === 4 ? { c0: [batch, units] } : { recurrentBias: [gates * units] }),
  });

  test.each<[Layer, Options, PlainFunction]>([
    ['lstm', { recurrentActivation: 'sigmoid' }, plainLstm(sizes, 'sigmoid')],
    ['lstm', { recurrentActivation: 'hardSigmoid' }, plainLstm(sizes, 'hardSigmoid')],
    ['gru', { recurrentActivation: 'sigmoid', resetAfter: true }, plainGru(sizes, 'sigmoid', true)],
    ['gru', { recurrentActivation: 'sigmoid' }, plainGru(sizes, 'sigmoid', false)],
    ['gru', { recurrentActivation: 'hardSigmoid' }, plainGru(sizes, 'hardSigmoid', false)],
    ['gru', { recurrentActivation: 'hardSigmoid', resetAfter: true }, plainGru(sizes, 'hardSigmoid', true)],
  ])('%s %o has the gradient of finite differences', async (layer, options, plain) => {
    await installKernels(binaryOf('relaxed'));
    const random = seededRandom(31);
    const draw = (length: number) => Array.from({ length }, () => Math.fround(random() * 2 - 1));
    const shapes = Object.entries(shapesOf(layer === 'lstm' ? 4 : 3)).filter(
      ([name]) => name !== 'recurrentBias' || options.resetAfter,
    );
    const values = shapes.map(([, shape]) => draw(sizeOf(shape)));
    const weights = { outputs: draw(batch * time * units), lastCell: draw(batch * units) };
    tf.tidy(() => {
      const tensors = shapes.map(([name, shape], i) => [name, tf.tensor(values[i] as number[], shape)] as const);
      const { gradients } = compute(layer, options, Object.fromEntries(tensors), weights);
      const all = layer === 'lstm' ? [...weights.outputs, ...weights.lastCell] : weights.outputs;
      const wanted = shapes.map(([name], i) => [name, finiteDifferences(plain, values, i, all, 1e-4)] as const);
      expectClose(gradients, Object.fromEntries(wanted), 5e-6);
    });
  });

  test('a sequence so long that its weights’ gradient is summed in pieces', async () => {
    const random = seededRandom(5);
    const draw = (shape: number[]) =>
      tf.tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => random() - 0.5),
        shape,
      );
    const inputs = [draw([5, 450, 2]), draw([2, 9]), draw([3, 9])];
    const grads = () =>
      tf.tidy(() =>
        tf
          .grads((x, kernel, recurrentKernel) =>
            tf.sum(gru(x as tf.Tensor, { kernel, recurrentKernel } as never).outputs),
          )(inputs)
          .map((gradient) => [...gradient.dataSync()]),
      );
    await installKernels(binaryOf('relaxed'));
    const actual = grads();
    await tf.setBackend('cpu');
    const wanted = grads();
    expectClose(Object.fromEntries(actual.entries()), Object.fromEntries(wanted.entries()), 1e-5);
    tf.dispose(inputs);
  });

  test.each(['lstm', 'gru'] as const)('%s: results do not depend on the parts the work is cut into', async (layer) => {
    const bits = async () => {
      await installKernels(binaryOf('relaxed'));
      const random = seededRandom(3);
      const shapes = Object.entries(shapesOf(layer === 'lstm' ? 4 : 3)).map(
        ([name, shape]) => [name, ['x', 'h0', 'c0'].includes(name) ? [11, ...shape.slice(1)] : shape] as const,
      );
      const draw = (shape: readonly number[]) => Array.from({ length: sizeOf(shape) }, () => random() - 0.5);
      const options = { recurrentActivation: 'sigmoid', resetAfter: layer === 'gru' } as const;
      const weights = { outputs: draw([11, time, units]), lastCell: draw([11, units]) };
      return tf.tidy(() => {
        const tensors = shapes.map(([name, shape]) => [name, tf.tensor(draw(shape), [...shape])]);
        return compute(layer, options, Object.fromEntries(tensors), weights);
      });
    };
    const whole = await bits();
    cutInto(7);
    expect(await bits()).toEqual(whole);
  });

  test('NaN in one sequence stays in it', async () => {
    await installKernels(binaryOf('relaxed'));
    tf.tidy(() => {
      const x = tf.tensor3d([
        [[Number.NaN], [1]],
        [[1], [1]],
      ]);
      const weights = { kernel: tf.ones([1, 4]), recurrentKernel: tf.ones([1, 4]) };
      expect([...lstm(x, weights).outputs.dataSync()].map(Number.isNaN)).toEqual([true, true, false, false]);
    });
  });
});

test('names what does not fit', () => {
  tf.tidy(() => {
    const x = tf.zeros([2, 3, 4]);
    const weights = { kernel: tf.zeros([4, 8]), recurrentKernel: tf.zeros([2, 8]) };
    expect(() => lstm(x, { ...weights, bias: tf.zeros([6]) })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining('bias [6]') }),
    );
    expect(() => gru(x, weights)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    const ofGru = { kernel: tf.zeros([4, 6]), recurrentKernel: tf.zeros([2, 6]), recurrentBias: tf.zeros([6]) };
    expect(() => gru(x, ofGru)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
