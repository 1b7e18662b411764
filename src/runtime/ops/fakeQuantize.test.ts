import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { beginOnWasm, levels as binaries, readBinaries } from '../kernels/cases/binaryCases.ts';
import { installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import { fakeQuantize, fakeQuantizeWeights, movingRange } from './fakeQuantize.ts';

/** One case of golden/fakeQuantize.json, which scripts/golden/fakeQuantize.py made with PyTorch; k and u are sixteenths. */
interface GoldenCase {
  readonly shape: number[];
  readonly levels: number;
  readonly k: number[];
  readonly u: number[];
  readonly y: number[];
  readonly dx: number[];
}

type ValueCase = GoldenCase & { readonly range: number[] };
type WeightCase = GoldenCase & { readonly isPerChannel: boolean };

const golden = JSON.parse(readFileSync(new URL('./golden/fakeQuantize.json', import.meta.url), 'utf8')) as {
  readonly values: ValueCase[];
  readonly weights: WeightCase[];
};

const binaryOf = readBinaries();
beginOnWasm();

const sixteenths = (values: number[], shape: number[]) =>
  tf.tensor(
    values.map((value) => value / 16),
    shape,
  );

function both(of: GoldenCase, quantize: (x: tf.Tensor) => tf.Tensor) {
  return tf.tidy(() => {
    const x = sixteenths(of.k, of.shape);
    return [quantize(x).dataSync(), tf.grad(quantize)(x, sixteenths(of.u, of.shape)).dataSync()] as const;
  });
}

/** Steps are whole numbers, so an answer is right to the rounding of one product, or wrong by a step. */
function expectGolden([y, dx]: readonly [ArrayLike<number>, ArrayLike<number>], of: GoldenCase): void {
  const largest = Math.max(...of.y.map(Math.abs));
  of.y.forEach((value, i) => {
    expect(Math.abs((y[i] as number) - value), `y ${i}`).toBeLessThanOrEqual(4e-7 * largest);
  });
  expect(Array.from(dx, (value) => value + 0)).toEqual(of.dx.map((value) => value + 0));
}

describe.each(['cpu', 'wasm', ...binaries] as const)('on %s', (place) => {
  const begin = async () => {
    if (place === 'cpu') await tf.setBackend('cpu');
    else if (place !== 'wasm') await installKernels(binaryOf(place));
  };

  test.each(golden.values.map((of) => [`[${of.shape}] within [${of.range}]`, of] as const))(
    'values and gradients of %s are PyTorch’s',
    async (_name, of) => {
      await begin();
      const before = tf.memory().numTensors;
      const range = tf.tensor1d(of.range);
      expectGolden(
        both(of, (x) => fakeQuantize(x, range, of.levels)),
        of,
      );
      range.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(golden.weights.map((of) => [`[${of.shape}], ${of.isPerChannel ? 'by channel' : 'as one'}`, of] as const))(
    'weights and gradients of %s are PyTorch’s',
    async (_name, of) => {
      await begin();
      const [, channels = 1, inner = 1] = of.shape;
      const grid = { levels: of.levels, channels, inner, isPerChannel: of.isPerChannel };
      expectGolden(
        both(of, (x) => fakeQuantizeWeights(x, grid)),
        of,
      );
    },
  );

  test('weights are rounded as they are once scaled, and come back unscaled', async () => {
    await begin();
    tf.tidy(() => {
      const weights = tf.tensor2d([1, 0.013, 5, -0.62, 0.011, 7], [2, 3]);
      const factors = tf.tensor1d([0.5, -40, 0]);
      const grid = { levels: 127, channels: 3, inner: 1, isPerChannel: false };
      const actual = fakeQuantizeWeights(weights, grid, factors).dataSync();
      const step = (0.013 * 40) / 127;
      const wanted = [0.5, -0.52, 0, -0.31, -0.44, 0].map((value) => Math.round(value / step) * step);
      // A channel that is multiplied with 0 stays as it is.
      const unscaled = [0.5, -40, 0, 0.5, -40, 0].map((f, i) =>
        f === 0 ? [5, 7][i > 2 ? 1 : 0] : (wanted[i] as number) / f,
      );
      unscaled.forEach((value, i) => {
        expect(actual[i]).toBeCloseTo(value as number, 5);
      });
      // Each channel by itself rounds the same before and after it is scaled.
      const own = { ...grid, isPerChannel: true };
      const [plain, scaled] = [fakeQuantizeWeights(weights, own), fakeQuantizeWeights(weights, own, factors)];
      expect(
        tf.max(tf.abs(tf.sub(tf.slice(plain, [0, 0], [2, 2]), tf.slice(scaled, [0, 0], [2, 2])))).dataSync()[0],
      ).toBeLessThan(1e-6);
    });
  });

  test('a range begins with what is seen first, holds zero, and moves slowly from there', async () => {
    await begin();
    tf.tidy(() => {
      const first = movingRange(tf.tensor1d([1, 3, 2]), tf.zeros([2]), 0.9);
      expect([...first.dataSync()]).toEqual([0, 3]);
      const [least, most] = movingRange(tf.tensor1d([-2, 5]), first, 0.9).dataSync();
      expect(least).toBeCloseTo(-0.2, 6);
      expect(most).toBeCloseTo(3.2, 6);
    });
  });

  test('nothing is left of values in a range of nothing, and what is no number stays none', async () => {
    await begin();
    tf.tidy(() => {
      expect(Array.from(fakeQuantize(tf.tensor1d([0.2, 0]), tf.zeros([2]), 255).dataSync(), Math.abs)).toEqual([0, 0]);
      expect([...fakeQuantize(tf.tensor1d([Number.NaN, 9]), tf.tensor1d([-1, 1.55]), 255).dataSync()]).toEqual([
        Number.NaN,
        expect.closeTo(1.55, 6),
      ]);
      const grid = { levels: 127, channels: 2, inner: 1, isPerChannel: true };
      expect(Array.from(fakeQuantizeWeights(tf.zeros([3, 2]), grid).dataSync(), Math.abs)).toEqual(Array(6).fill(0));
    });
  });
});

test.each(binaries)('each is one kernel of the %s binary', async (level) => {
  await installKernels(binaryOf(level));
  const run = vi.spyOn(tf.engine(), 'runKernel');
  tf.tidy(() => {
    const [x, range] = [tf.tensor1d([0.3, -2, 7]), tf.tensor1d([-1, 1])];
    run.mockClear();
    tf.grad((value: tf.Tensor) => fakeQuantize(value, range, 255))(x, x);
    movingRange(x, range, 0.9);
    fakeQuantizeWeights(x, { levels: 127, channels: 3, inner: 1, isPerChannel: true });
  });
  const names = run.mock.calls.map(([name]) => name).filter((name) => name !== tf.Identity);
  expect(names).toEqual(['FakeQuantize', 'FakeQuantizeGrad', 'MovingRange', 'FakeQuantizeWeights']);
});
