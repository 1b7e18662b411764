// Forms in which data is given: arrays of another realm, bytes, numbers of another scale.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { NdArray, NumericArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import * as tf from '../runtime/tf.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { distill } from './distill.ts';
import { CLASSES, EXAMPLES, FEATURES, logitsOf, makeTeacher, trainPoints, weightsOf, working } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

async function run(changed: Partial<DistillOptions>) {
  const going = distill(working(trainer(), changed));
  const notices: string[] = [];
  const losses: number[] = [];
  for await (const event of going) {
    if (event.type === 'notice' && !trainer().description.notices.includes(event.message)) notices.push(event.message);
    // Not of steps: how many of them are told depends on the clock.
    if (event.type === 'epoch') losses.push(event.loss);
  }
  const { student } = await going.done;
  return { weights: weightsOf(student), notices, losses };
}

/** The same numbers, as an iframe or an extension would give them. */
function foreign({ data, shape }: NdArray): NdArray {
  const made = runInNewContext('(name, values) => new globalThis[name](values)') as (
    name: string,
    values: number[],
  ) => NumericArray;
  return { data: made(data.constructor.name, Array.from(data)), shape };
}

/** A custom dataset, which returns arrays unchanged. */
const asGiven = (array: NdArray, change: (rows: NdArray) => NdArray): Dataset => {
  const data = fromArrays(array);
  return {
    ...data,
    async read(indices, signal) {
      const { inputs } = await data.read(indices, signal);
      return { inputs: Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, change(rows)])) };
    },
  };
};

describe('arrays of another realm', () => {
  test('fail instanceof checks', () => {
    expect(foreign(trainPoints).data instanceof Float32Array).toBe(false);
  });

  test('teach the same student, bit for bit, as data and as answers', async () => {
    const { teacher } = makeTeacher((input) => ({ logits: foreign(logitsOf(input)) }));
    const own = await run({});
    expect((await run({ teacher })).weights).toEqual(own.weights);
    expect((await run({ data: asGiven(trainPoints, foreign) })).weights).toEqual(own.weights);
    expect((await run({ data: fromArrays(foreign(trainPoints)) })).weights).toEqual(own.weights);
  });
});

describe('numbers of another type are refused before anything is learned', () => {
  const doubles = ({ data, shape }: NdArray) => ({ data: Float64Array.from(data), shape }) as unknown as NdArray;

  test('as answers', async () => {
    const { teacher } = makeTeacher((input) => ({ logits: doubles(logitsOf(input)) }));
    const failing = run({ teacher });
    await expect(failing).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(failing).rejects.toThrow(/"logits".*Float64Array.*Float32Array\.from\(values\)/);
  });

  test('as data', async () => {
    const failing = run({ data: asGiven(trainPoints, doubles) });
    await expect(failing).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(failing).rejects.toThrow(/"input".*Float64Array.*Float32Array\.from\(values\)/);
  });
});

describe('bytes', () => {
  const bytes = Uint8Array.from({ length: EXAMPLES * FEATURES }, (_, i) => (i * 37) % 256);
  const shape = [EXAMPLES, FEATURES];
  const floats = Float32Array.from(bytes, (byte) => byte / 255);
  const { teacher } = makeTeacher(({ shape: [count = 0], data }) => ({
    // The class given by an example's first number, a byte or a pixel of 0…1.
    logits: {
      data: Float32Array.from({ length: count * CLASSES }, (_, at) => {
        const first = data[Math.floor(at / CLASSES) * FEATURES] as number;
        return Math.cos(at % CLASSES) * (data instanceof Uint8Array ? Math.fround(first / 255) : first);
      }),
      shape: [count, CLASSES],
    },
  }));

  test('are pixels: the same losses and the same student as the floats of 0…1, bit for bit', async () => {
    const [ofBytes, ofFloats] = [
      await run({ teacher, data: fromArrays({ data: bytes, shape }) }),
      await run({ teacher, data: fromArrays({ data: floats, shape }) }),
    ];
    expect(ofBytes.losses).toEqual(ofFloats.losses);
    expect(ofBytes.weights).toEqual(ofFloats.weights);
    expect(ofBytes.notices).toEqual([]);
  });

  test('are read the same way in prediction as in training', async () => {
    const { student } = await distill(working(trainer(), { teacher, data: fromArrays({ data: bytes, shape }) })).done;
    const [ofBytes, ofFloats] = [
      await trainer().predict(student, { input: { data: bytes, shape } }),
      await trainer().predict(student, { input: { data: floats, shape } }),
    ];
    expect(ofBytes).toEqual(ofFloats);
  });

  test('that are ids stay unchanged', async () => {
    const { teacher: constant } = makeTeacher(({ shape: [count = 0] }) => ({
      logits: {
        data: Float32Array.from({ length: count * CLASSES }, (_, at) => Math.cos(at % CLASSES)),
        shape: [count, CLASSES],
      },
    }));
    const model = (dtype: 'int32' | 'float32') => {
      const input = tf.input({ shape: [FEATURES], dtype });
      const rows = tf.layers.embedding({ inputDim: 256, outputDim: 2, embeddingsInitializer: 'ones' }).apply(input);
      const flat = tf.layers.flatten().apply(rows);
      const logits = tf.layers.dense({ units: CLASSES, kernelInitializer: 'ones' }).apply(flat) as tf.SymbolicTensor;
      return tf.model({ inputs: input, outputs: logits });
    };
    for (const dtype of ['int32', 'float32'] as const) {
      const given = [bytes, Int32Array.from(bytes)];
      const trained: Float32Array[] = [];
      for (const data of given) {
        const student = model(dtype);
        trained.push((await run({ teacher: constant, student, data: fromArrays({ data, shape }) })).weights);
        student.dispose();
      }
      expect(trained[0]).toEqual(trained[1]);
    }
  });

  test('for a model that scales pixels itself are refused, and the numbers that it takes are not', async () => {
    const layers = [
      tf.layers.rescaling({ scale: 1 / 255, inputShape: [FEATURES] }),
      tf.layers.dense({ units: CLASSES, kernelInitializer: 'zeros' }),
    ];
    const student = tf.sequential({ layers });
    const failing = run({ teacher, student, data: fromArrays({ data: bytes, shape }) });
    await expect(failing).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('Float32Array.from(bytes)'),
    });
    const { notices } = await run({ teacher, student, data: fromArrays({ data: Float32Array.from(bytes), shape }) });
    expect(notices).toEqual([]);
    student.dispose();
  });

  test('of 0 and 1 only are told to be flags', async () => {
    const flags = fromArrays({ data: bytes.map((byte) => byte % 2), shape });
    expect((await run({ teacher, data: flags })).notices).toEqual([
      expect.stringContaining('Float32Array.from(bytes)'),
    ]);
  });
});

describe('inputs far from the scale that a student was made for are told', () => {
  const scaledBy = (factor: number, shift = 0) =>
    fromArrays({ data: trainPoints.data.map((value) => factor * value + shift), shape: trainPoints.shape });

  test.each([
    ['pixels of 0…255', scaledBy(127.5, 127.5), /values from [\d.]+ to 2\d\d? \(root mean square 1[3-6]0\)/],
    ['numbers of thousands', scaledBy(4000), /values from -\d,\d{3} to \d,\d{3} \(root mean square 2,\d{3}\)/],
  ])('%s', async (_, data, seen) => {
    const { notices } = await run({ data });
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/far from what it was made for: "input" holds/);
    expect(notices[0]).toMatch(seen);
    expect(notices[0]).toMatch(/around 0…1 or −1…1/);
  });

  test.each([
    ['of −1 to 1', scaledBy(1)],
    ['standardised, up to ±5', scaledBy(5)],
    ['pixels of 0…1', scaledBy(0.5, 0.5)],
    ['of ±10', scaledBy(10)],
    ['small', scaledBy(1e-3)],
  ])('and no others: %s', async (_, data) => {
    expect((await run({ data })).notices).toEqual([]);
  });

  test('an outlier alone is none', async () => {
    const data = trainPoints.data.slice();
    data[0] = 60;
    expect((await run({ data: fromArrays({ data, shape: trainPoints.shape }) })).notices).toEqual([]);
  });

  test('a student that normalises them itself suits them', async () => {
    const layers = [
      tf.layers.batchNormalization({ inputShape: [FEATURES] }),
      tf.layers.dense({ units: CLASSES, kernelInitializer: 'zeros' }),
    ];
    const student = tf.sequential({ layers });
    expect((await run({ student, data: scaledBy(127.5, 127.5) })).notices).toEqual([]);
    student.dispose();
  });

  test('one that was trained on them suits them', async () => {
    const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] });
    const large = scaledBy(127.5, 127.5);
    const first = await run({ student, data: scaledBy(1) });
    expect(first.notices).toEqual([]);
    const { modelTopology, weightSpecs, weightData } = student.artifacts as NonNullable<typeof student.artifacts>;
    const weights = new Float32Array(weightData.slice(0));
    // The first layer's matrix, as it would be for numbers 255 times as large.
    for (let i = 0; i < FEATURES * 8; i++) weights[i] = (weights[i] as number) / 255;
    await student.adopt({ modelTopology, weightSpecs, weightData: weights.buffer });
    expect((await run({ student, data: large })).notices).toEqual([]);
  });
});
