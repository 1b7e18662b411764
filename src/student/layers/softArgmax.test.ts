import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { softArgmax } from './softArgmax.ts';

interface Golden {
  readonly unit: number;
  readonly cases: readonly {
    readonly shape: [number, number, number, number];
    readonly scale: number;
    readonly maps: readonly number[];
    readonly points: readonly number[];
    readonly factors: readonly number[];
    readonly gradient: readonly number[];
  }[];
}

const { unit, cases } = JSON.parse(readFileSync(new URL('golden/softArgmax.json', import.meta.url), 'utf8')) as Golden;

/** Coordinates lie between 0 and 1; the largest difference seen is 3e-7. */
const TOLERANCE = 2e-6;

function expectClose(given: tf.Tensor, needed: readonly number[]): void {
  const numbers = given.dataSync();
  expect(numbers.length).toBe(needed.length);
  for (const [i, value] of needed.entries()) {
    expect(Math.abs((numbers[i] as number) - value), `${i}`).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe.each(['cpu', 'wasm'] as const)('softArgmax on %s', (backendName) => {
  onBackend(backendName);

  test('has cases to be compared with', () => expect(cases.length).toBeGreaterThan(3));

  test.each(cases)('has PyTorch’s points and gradient, maps $shape × $scale', (golden) => {
    const [batch, , , points] = golden.shape;
    const layer = softArgmax(tf);
    tf.tidy(() => {
      const numbers = (k: readonly number[], shape: number[], scale: number) =>
        tf.tensor(
          Float32Array.from(k, (one) => (scale * one) / unit),
          shape,
        );
      const maps = numbers(golden.maps, golden.shape, golden.scale);
      const found = layer.apply(maps) as tf.Tensor;
      expect(found.shape).toEqual([batch, points, 2]);
      expectClose(found, golden.points);
      const factors = numbers(golden.factors, [batch, points, 2], 1);
      expectClose(tf.grad((x) => tf.sum(tf.mul(layer.apply(x) as tf.Tensor, factors)))(maps), golden.gradient);
    });
    layer.dispose();
  });

  test('points at the centre of the cell that stands out, and at the middle where none does', () => {
    const layer = softArgmax(tf);
    tf.tidy(() => {
      const maps = tf.buffer([1, 4, 8, 2]);
      // Row 3, column 1.
      maps.set(100, 0, 3, 1, 0);
      const [x, y, ...none] = (layer.apply(maps.toTensor()) as tf.Tensor).dataSync();
      expect(x).toBeCloseTo(1.5 / 8, 6);
      expect(y).toBeCloseTo(3.5 / 4, 6);
      expect(none).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.5, 6)]);
    });
    layer.dispose();
  });

  test('is saved and loaded', async () => {
    const input = tf.input({ shape: [3, 4, 2] });
    const model = tf.model({
      inputs: input,
      outputs: softArgmax(tf, { name: 'at' }).apply(input) as tf.SymbolicTensor,
    });
    expect(model.outputs[0]?.shape).toEqual([null, 2, 2]);
    const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
    tf.tidy(() => {
      const maps = tf.randomNormal([2, 3, 4, 2], 0, 1, 'float32', 3);
      const [first, second] = [model, again].map((one) => [...(one.predict(maps) as tf.Tensor).dataSync()]);
      expect(second).toEqual(first);
    });
    model.dispose();
    again.dispose();
  });
});
