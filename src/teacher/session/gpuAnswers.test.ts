import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import type { OrtTensor } from '../../runtime/ort.ts';
import * as tf from '../../runtime/tf.ts';
import { sumOverTime } from '../read.ts';
import { readSteps } from '../readSteps.ts';
import { toGpuAnswers } from './gpuAnswers.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openBackendHere({ backend: 'cpu' });
});
afterAll(() => backend.dispose());

/** An output as onnxruntime leaves it on a GPU. */
function onGpu(dims: number[], more: Partial<OrtTensor> = {}) {
  let disposals = 0;
  const tensor = { location: 'gpu-buffer', type: 'float32', dims, gpuBuffer: { size: 64 }, ...more };
  return { tensor: { ...tensor, dispose: () => disposals++ } as unknown as OrtTensor, disposals: () => disposals };
}

test('readSteps gives on a backend of tfjs what it gives on the page, and refuses to change the steps', () => {
  const random = seededRandom(5);
  const shape = [2, 3, 6];
  const data = Float32Array.from({ length: 36 }, () => random());
  for (const options of [{ classes: [4, 0, 1] }, { given: 'logits' as const }, { classes: [2, 5], steps: 3 }]) {
    const read = readSteps(options);
    const expected = read({ y: { data, shape } })['logits'];
    const answers = toGpuAnswers({ y: onGpu(shape).tensor }, { name: 'ocr', read: read.spec });
    const given = tf.tidy(() =>
      Array.from(answers.read(tf, { y: tf.tensor(data, shape) })['logits']?.dataSync() ?? []),
    );
    expect(given).toHaveLength(expected?.data.length ?? -1);
    given.forEach((value, i) => {
      expect(value).toBeCloseTo(expected?.data[i] as number, 5);
    });
  }
  const other = toGpuAnswers({ y: onGpu(shape).tensor }, { name: 'ocr', read: readSteps({ steps: 2 }).spec });
  const refused = expect.objectContaining({ code: 'invalid-option' });
  expect(() => tf.tidy(() => other.read(tf, { y: tf.tensor(data, shape) }))).toThrow(refused);
});

test('sumOverTime gives on a backend of tfjs what it gives on the page', () => {
  const random = seededRandom(4);
  const [batch, time, width] = [3, 5, 7];
  const data = Float32Array.from({ length: batch * time * width }, () => random());
  // A class without any probability: the logarithm stays finite.
  for (let t = 0; t < batch * time; t++) data[t * width + 2] = 0;
  const read = sumOverTime({ classes: [6, 2, 0] });
  const expected = read({ y: { data, shape: [batch, time, width] } })['logits'];
  const answers = toGpuAnswers({ y: onGpu([batch, time, width]).tensor }, { name: 'ocr', read: read.spec });
  const given = tf.tidy(() => {
    const logits = answers.read(tf, { y: tf.tensor(data, [batch, time, width]) })['logits'];
    return { shape: logits?.shape, data: Array.from(logits?.dataSync() ?? []) };
  });
  expect(given.shape).toEqual(expected?.shape);
  // Float32 sums of five numbers, and a logarithm of them.
  given.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected?.data[i] as number, 5);
  });
});

test('an only output is called "logits", unless its name was asked for', () => {
  const y = tf.scalar(1);
  const { tensor } = onGpu([1]);
  expect(Object.keys(toGpuAnswers({ y: tensor }, { name: 'm' }).read(tf, { y }))).toEqual(['logits']);
  expect(Object.keys(toGpuAnswers({ y: tensor }, { name: 'm', outputs: ['y'] }).read(tf, { y }))).toEqual(['y']);
  expect(Object.keys(toGpuAnswers({ y: tensor }, { name: 'm' }).read(tf, { y, z: y }))).toEqual(['y', 'z']);
  y.dispose();
});

test('probabilities become logarithms there too, unless somebody says that they are logits', () => {
  const y = tf.tensor2d([0.75, 0.25, 1, 0], [2, 2]);
  const { tensor } = onGpu([2, 2]);
  const read = (settings: object) =>
    tf.tidy(() => {
      const named = toGpuAnswers({ y: tensor }, { name: 'm', softmaxOutputs: ['y'], ...settings }).read(tf, { y });
      return Object.entries(named).map(([name, one]) => [name, ...one.dataSync()]);
    });
  const [[name, a, b, c, d] = []] = read({});
  expect(name).toBe('logits');
  expect([a, b, c]).toEqual([Math.log(0.75), Math.log(0.25), 0].map((log) => expect.closeTo(log, 5)));
  expect(d).toBeLessThan(-25);
  const raw = [0.75, 0.25, 1, 0];
  expect(read({ given: 'logits' })).toEqual([['logits', ...raw]]);
  expect(read({ softmaxOutputs: [] })).toEqual([['logits', ...raw]]);
  expect(read({ outputs: ['y'] })).toEqual([['y', ...raw]]);
  expect(read({ softmaxOutputs: [], given: 'probs' })[0]?.[1]).toBeCloseTo(Math.log(0.75), 5);
  y.dispose();
});

test('the buffers are given back by release', () => {
  const { tensor, disposals } = onGpu([2, 3]);
  const answers = toGpuAnswers({ y: tensor }, { name: 'm' });
  expect(answers.arrays['y']).toMatchObject({ dtype: 'float32', shape: [2, 3] });
  expect(disposals()).toBe(0);
  answers.release();
  expect(disposals()).toBe(1);
});

test.each([{ location: 'cpu' as const }, { type: 'float16' as const }])('an output is refused that is %s', (odd) => {
  const { tensor, disposals } = onGpu([2], odd);
  expect(() => toGpuAnswers({ y: tensor }, { name: 'm' })).toThrow(expect.objectContaining({ code: 'teacher-failed' }));
  expect(disposals()).toBe(1);
});
