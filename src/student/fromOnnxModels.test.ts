import { describe, expect, test } from 'vitest';
import { feedsOf, type ModelName, readModelFile, runModel } from '../onnx/ortCases.ts';
import { prepareModel } from '../onnx/prepare.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from './build.ts';
import { onBackend } from './cases/layerCases.ts';
import { fromOnnx } from './fromOnnx.ts';

/** Small inputs, so that the plain backend is done soon. */
const SIZES: Partial<Record<ModelName, readonly number[]>> = {
  detector: [1, 3, 32, 32],
  reader: [1, 3, 48, 24],
  direction: [1, 3, 48, 32],
  wakeWord: [1, 25, 96],
};

/** What the last sigmoid reads. */
const LAST_LINEAR: Partial<Record<ModelName, string>> = { detector: 'p2o.Add.281' };

function inputOf(name: ModelName): { name: string; data: Float32Array; shape: readonly number[] } {
  const [input, [data]] = Object.entries(feedsOf(name))[0] as [string, [Float32Array, readonly number[]]];
  const shape = SIZES[name] as readonly number[];
  return {
    name: input,
    data: data.slice(
      0,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  };
}

describe('real models', () => {
  onBackend('cpu');

  test.each(Object.keys(SIZES) as ModelName[])(
    '%s gives what onnxruntime gives',
    async (name) => {
      const bytes = readModelFile(name);
      const { name: input, data, shape } = inputOf(name);
      // Before the last function, which makes all numbers of a detector's noise nearly 0.
      const tap = LAST_LINEAR[name];
      const tapped =
        tap === undefined ? bytes : prepareModel(bytes, { name, taps: [{ tensor: tap }], untilTaps: true }).bytes;
      const [expected] = Object.values(await runModel(tapped, { [input]: [data, shape] }));
      const student = await fromOnnx(bytes, { name, ...(tap !== undefined && { outputs: [tap] }) });
      const model = await buildStudent(await student.portable(), 0);
      tf.tidy(() => {
        const given = tf.tensor(data, [...shape]);
        const result = model.predict(shape.length === 4 ? tf.transpose(given, [0, 2, 3, 1]) : given) as tf.Tensor;
        const ordered = result.rank === 4 ? tf.transpose(result, [0, 3, 1, 2]) : result;
        expect(ordered.shape).toEqual(expected?.dims);
        const reference = Array.from(expected?.data as Float32Array);
        const most = Math.max(...reference.map(Math.abs));
        const values = ordered.dataSync();
        const worst = Math.max(...reference.map((value, i) => Math.abs(value - (values[i] as number))));
        expect(most).toBeGreaterThan(0.01);
        // Written so that a NaN fails.
        expect(worst <= 1e-4 * Math.max(1, most), `${worst} away of ${most}`).toBe(true);
      });
      model.dispose();
    },
    240_000,
  );

  test('a text-direction model learns from where it is', async () => {
    const { data, shape } = inputOf('direction');
    const student = await fromOnnx(readModelFile('direction'));
    const model = await buildStudent(await student.portable(), 0);
    const optimizer = tf.train.sgd(0.001);
    const x = tf.tidy(() => tf.transpose(tf.tensor(data, [...shape]), [0, 2, 3, 1]));
    const [before] = model.getWeights().map((weight) => [...weight.dataSync()]);
    const losses = Array.from({ length: 3 }, () =>
      tf.tidy(() => {
        const wanted = tf.tensor2d([[0.2, 0.8]]);
        const loss = optimizer.minimize(() => {
          const probs = model.apply(x, { training: false }) as tf.Tensor;
          return tf.neg(tf.sum(tf.mul(wanted, tf.log(probs)))) as tf.Scalar;
        }, true);
        return (loss as tf.Scalar).dataSync()[0] as number;
      }),
    );
    expect(losses[2]).toBeLessThan(losses[0] as number);
    expect([...(model.getWeights()[0] as tf.Tensor).dataSync()]).not.toEqual(before);
    x.dispose();
    model.dispose();
    optimizer.dispose();
  }, 240_000);

  test.each([
    ['voice', { input: [1, 512], state: [2, 1, 128] }],
    ['voiceLegacy', { input: [1, 1536] }],
  ] as const)('%s takes the branch of its sample rate', async (name, inputShapes) => {
    const [bytes, feeds] = [readModelFile(name), feedsOf(name)];
    const expected = Object.values(await runModel(bytes, feeds));
    const student = await fromOnnx(bytes, { inputValues: { sr: 16000 }, inputShapes });
    const model = await buildStudent(await student.portable(), 0);
    tf.tidy(() => {
      // States have the batch second in the model.
      const swapped = (x: tf.Tensor) => (x.rank === 3 ? tf.transpose(x, [1, 0, 2]) : x);
      const given = model.inputNames.map((input) => {
        const [data, shape] = feeds[input] as [Float32Array, readonly number[]];
        return swapped(tf.tensor(data, [...shape]));
      });
      const results = [model.predict(given)].flat().map(swapped);
      expect(results.map(({ shape }) => shape)).toEqual(expected.map(({ dims }) => [...dims]));
      for (const [i, one] of results.entries()) {
        const reference = [...((expected[i] as (typeof expected)[number]).data as Float32Array)];
        const values = one.dataSync();
        const worst = Math.max(...reference.map((value, k) => Math.abs(value - (values[k] as number))));
        // The logarithm of a spectrum of noise near 0 in the old one. Written so that a NaN fails.
        expect(worst <= (name === 'voice' ? 2e-5 : 5e-3), `${worst} away`).toBe(true);
      }
    });
    model.dispose();
  });

  test('a model that branches as its data say is refused by name', async () => {
    const error = await fromOnnx(readModelFile('voice')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'unsupported-operator', message: expect.stringMatching(/"If_\d+" \(If\)/) });
  });
});
