import { describe, expect, test } from 'vitest';
import { feedsOf, type ModelName, readModelFile, runModel } from '../onnx/ortCases.ts';
import { prepareModel } from '../onnx/prepare.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from './build.ts';
import { fromOnnx } from './fromOnnx.ts';
import { onBackend } from './layerCases.ts';

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

  test.each(['voice', 'voiceLegacy'] as const)('%s branches as its data say, and is refused by name', async (name) => {
    const error = await fromOnnx(readModelFile(name)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'unsupported-operator', message: expect.stringMatching(/"If_\d+" \(If\)/) });
  });
});
