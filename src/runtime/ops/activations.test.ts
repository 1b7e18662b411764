import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { beginOnWasm, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { finiteDifferences } from '../kernels/cases/finiteDifferenceCases.ts';
import { installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import { dropout } from './dropout.ts';
import { gelu } from './gelu.ts';
import { hardSigmoid } from './hardSigmoid.ts';
import { hardSwish } from './hardSwish.ts';
import { logSoftmax } from './logSoftmax.ts';
import { silu } from './silu.ts';

interface Golden {
  readonly activations: Record<string, { k: number[]; y: number[]; slope: number[] }>;
  readonly rows: Record<string, { shape: number[]; k: number[]; dy: number[]; y: number[]; dx: number[] }>;
}

const golden = JSON.parse(readFileSync(new URL('golden/activations.json', import.meta.url), 'utf8')) as Golden;
const binaryOf = readBinaries();
beginOnWasm();

const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  gelu: (x) => gelu(x),
  geluTanh: (x) => gelu(x, 'tanh'),
  silu,
  hardSwish,
  hardSigmoid: (x) => hardSigmoid(x),
  softmax: (x) => tf.softmax(x),
  logSoftmax,
};

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs((actual[i] as number) - value);
    expect(error, `value ${i}: ${actual[i]} instead of ${value}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
  });
}

describe.each(['cpu', ...levels])('on %s', (level) => {
  // tfjs's error function, of which the cpu backend composes gelu, is off by 1.5e-7, and times x by more.
  const tolerance = level === 'cpu' ? 2e-6 : 4e-7;
  beforeEach(async () => {
    if (level === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf(level as (typeof levels)[number]));
  });

  test.each(Object.keys(golden.activations))('%s gives PyTorch’s values and slopes', (name) => {
    const { k, y, slope } = golden.activations[name] as Golden['activations'][string];
    tf.tidy(() => {
      const x = tf.tensor(Float32Array.from(k, (value) => value / 16));
      const { value, grad } = tf.valueAndGrad(functions[name] as never)(x, tf.onesLike(x));
      expectClose(value.dataSync(), y, tolerance);
      expectClose(grad.dataSync(), slope, tolerance);
    });
  });

  test.each(Object.keys(golden.rows))('%s gives PyTorch’s values and gradients', (name) => {
    const { shape, k, dy, y, dx } = golden.rows[name] as Golden['rows'][string];
    tf.tidy(() => {
      const [x, upper] = [k, dy].map((values) =>
        tf.tensor(
          Float32Array.from(values, (value) => value / 16),
          shape,
        ),
      );
      const { value, grad } = tf.valueAndGrad(functions[name] as never)(x as tf.Tensor, upper as tf.Tensor);
      expectClose(value.dataSync(), y, 2e-6);
      expectClose(grad.dataSync(), dx, 2e-6);
    });
  });

  test('dropout keeps the share it says, evenly, and other values each step', () => {
    tf.tidy(() => {
      const x = tf.ones([40_000]);
      const masks = [0, 1, 2].map((step) => dropout(x, 0.25, 7, step).dataSync<'float32'>());
      const isKept = (value: number | undefined) => (value === 0 ? 0 : 1);
      for (const mask of masks) {
        const kept = mask.reduce((sum, value) => sum + isKept(value), 0) / mask.length;
        // Four standard deviations of a share of 40,000.
        expect(Math.abs(kept - 0.75)).toBeLessThan(4 * Math.sqrt(0.1875 / 40_000));
        expect(new Set(mask).size).toBe(2);
      }
      const [first, second] = masks;
      for (const shifted of [second, first?.subarray(1)]) {
        let both = 0;
        shifted?.forEach((value, i) => {
          both += isKept(value) * isKept(first?.[i]);
        });
        expect(Math.abs(both / 40_000 - 0.5625)).toBeLessThan(0.012);
      }
      expect(dropout(x, 0.25, 7, 1).dataSync<'float32'>()).toEqual(second);
    });
  });
});

interface Known {
  readonly formula: (x: number) => number;
  readonly compute: (x: tf.Tensor) => tf.Tensor;
}

/** Plain formulas in float64; gelu and what is like it are held against PyTorch above. */
const plain: Record<string, Known> = {
  sigmoid: { formula: (x) => 1 / (1 + Math.exp(-x)), compute: tf.sigmoid },
  tanh: { formula: Math.tanh, compute: tf.tanh },
  elu: { formula: (x) => (x > 0 ? x : Math.expm1(x)), compute: tf.elu },
  exp: { formula: Math.exp, compute: tf.exp },
  relu: { formula: (x) => Math.max(x, 0), compute: tf.relu },
  relu6: { formula: (x) => Math.min(Math.max(x, 0), 6), compute: tf.relu6 },
  leakyRelu: { formula: (x) => (x > 0 ? x : 0.2 * x), compute: (x) => tf.leakyRelu(x) },
};

describe.each(levels)('kernels of the %s binary', (level) => {
  beforeEach(() => installKernels(binaryOf(level)).then(() => {}));
  const at = Float32Array.from({ length: 801 }, (_, i) => (i - 400) / 10 + 0.03);

  test.each(Object.entries(plain))('%s is right to three units in the last place, far out too', (_, known) => {
    tf.tidy(() => {
      const y = known.compute(tf.tensor(at)).dataSync();
      at.forEach((x, i) => {
        const wanted = known.formula(x);
        expect(Math.abs((y[i] as number) - wanted)).toBeLessThanOrEqual(3 * 2 ** -23 * Math.abs(wanted));
      });
    });
  });

  test.each(Object.entries(plain))('%s has the slope of its formula', (_, { formula, compute }) => {
    const near = at.filter((x) => Math.abs(x) < 6.5);
    const slopes = tf.tidy(() => tf.grad(compute)(tf.tensor(near)).dataSync());
    near.forEach((x, i) => {
      const [wanted] = finiteDifferences(([values]) => (values ?? []).map(formula), [[x]], 0, [1], 1e-4);
      const tolerance = 1e-6 * Math.max(1, Math.abs(wanted as number));
      expect(Math.abs((slopes[i] as number) - (wanted as number))).toBeLessThanOrEqual(tolerance);
    });
  });

  test('what is infinite or no number comes out as on the cpu backend', async () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 100, -110, 88.5];
    const results = () =>
      Object.values(plain).map(({ compute }) => [...tf.tidy(() => compute(tf.tensor(odd)).dataSync())]);
    const ours = results();
    await tf.setBackend('cpu');
    results().forEach((expected, i) => {
      expected.forEach((value, j) => {
        const got = ours[i]?.[j] as number;
        const what = `${Object.keys(plain)[i]}(${odd[j]}) is ${got} instead of ${value}`;
        const isEqual = Object.is(got, value) || Math.abs(got - value) <= 1e-6 * Math.abs(value) + 1e-44;
        expect(isEqual, what).toBe(true);
      });
    });
  });
});
