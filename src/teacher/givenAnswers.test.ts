// What real models end in, and what bytes are to them: onnxruntime-web and tfjs on this thread.
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import { modelOf, node, tinyClassifier, value } from '../onnx/cases/tinyCases.ts';
import { onnx } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { batch, tinyTeachers } from './session/loadCases.ts';
import type { Teacher } from './teacher.ts';
import { loadTfjsTeacher, type TfjsTeacherOptions } from './tfjsTeacher.ts';

const { load, disposeAll } = tinyTeachers();
afterEach(disposeAll);
beforeAll(async () => {
  await tf.setBackend('cpu');
});

const inputs = batch(3, 4);
const valuesOf = (answers: NamedArrays, name = 'logits') => Array.from(answers[name]?.data ?? []);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, one] of expected.entries()) expect(actual[i]).toBeCloseTo(one, 4);
}

/** Notices of a teacher while it answers. */
async function noticesOf(teacher: Teacher, given: NamedArrays): Promise<string[]> {
  const heard: string[] = [];
  const stop = teacher.watch?.((notice) => heard.push(notice));
  await teacher.ask(given);
  await teacher.ask(given);
  stop?.();
  for (const notice of heard) expect(teacher.description.notices).toContain(notice);
  return heard;
}

describe('an ONNX model that ends in a softmax', () => {
  test('gives logarithms of its probabilities, and says so when it is loaded', async () => {
    const [read, raw] = [await load(tinyClassifier()), await load(tinyClassifier(), { given: 'logits' })];
    const probs = valuesOf(await raw.ask(inputs));
    for (let row = 0; row < 3; row++) {
      expect(probs.slice(3 * row, 3 * row + 3).reduce((sum, one) => sum + one)).toBeCloseTo(1, 5);
    }
    expectClose(valuesOf(await read.ask(inputs)), probs.map(Math.log));
    expect(read.description).toMatchObject({
      fromProbs: ['logits'],
      notices: expect.arrayContaining([expect.stringContaining('gives probabilities')]),
    });
    expect(raw.description.fromProbs).toEqual([]);
    expect(raw.description.notices.join()).not.toContain('probabilities');
    expect(read.description.identity).not.toBe(raw.description.identity);
  });

  test('whose outputs are named, tapped or read gives them as they are', async () => {
    const raw = valuesOf(await (await load(tinyClassifier(), { given: 'logits' })).ask(inputs));
    const named = await load(tinyClassifier(), { outputs: ['y'] });
    expect(valuesOf(await named.ask(inputs), 'y')).toEqual(raw);
    const read = await load(tinyClassifier(), { read: ({ y }) => ({ logits: y as NonNullable<typeof y> }) });
    expect(valuesOf(await read.ask(inputs))).toEqual(raw);
    for (const one of [named, read]) expect(one.description.fromProbs).toBeUndefined();
    const told = await load(tinyClassifier(), {
      read: ({ y }) => ({ logits: y as NonNullable<typeof y> }),
      given: 'probs',
    });
    expectClose(valuesOf(await told.ask(inputs)), raw.map(Math.log));
  });

  test('without it, and where it is a LogSoftmax, nothing is changed', async () => {
    const model = (opType: string) =>
      modelOf({
        input: [value('x', ['B', 4])],
        output: [value('y', ['B', 4])],
        node: [node(opType, ['x'], ['y'])],
      });
    for (const opType of ['Neg', 'LogSoftmax', 'Sigmoid']) {
      const teacher = await load(model(opType));
      expect(teacher.description.fromProbs).toBeUndefined();
      expect(valuesOf(await teacher.ask(inputs))).toEqual(
        valuesOf(await (await load(model(opType), { given: 'logits' })).ask(inputs)),
      );
    }
  });

  test('another word for what it gives is refused', async () => {
    await expect(load(tinyClassifier(), { given: 'logprobs' as never })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });
});

describe('a model of layers that ends in a softmax', () => {
  const tfjs = async (last: 'softmax' | 'linear' | 'layer', options: TfjsTeacherOptions = {}) => {
    const dense = tf.layers.dense({ units: 3, inputShape: [4], activation: last === 'softmax' ? last : 'linear' });
    const model = tf.sequential({ layers: [dense, ...(last === 'layer' ? [tf.layers.softmax()] : [])] });
    model.setWeights([tf.tensor2d([1, -1, 0, 0.5, 2, 1, 0, 1, -1, 1, 0, 0], [4, 3]), tf.tensor1d([0, 0.1, 0])]);
    const teacher = await loadTfjsTeacher(model, { worker: 'none', ...options }).done;
    const answers = valuesOf(await teacher.ask(inputs));
    await teacher[Symbol.asyncDispose]();
    model.dispose();
    return { teacher, answers };
  };

  test.each(['softmax', 'layer'] as const)('as %s gives logarithms', async (last) => {
    const [read, raw] = [await tfjs(last), await tfjs(last, { given: 'logits' })];
    expectClose(read.answers, raw.answers.map(Math.log));
    expect(read.teacher.description).toMatchObject({
      fromProbs: ['logits'],
      notices: expect.arrayContaining([expect.stringContaining('gives probabilities')]),
    });
    expect(read.teacher.description.identity).not.toBe(raw.teacher.description.identity);
  });

  test('without one nothing is known, and nothing changed', async () => {
    const plain = await tfjs('linear');
    expect(plain.teacher.description.fromProbs).toBeUndefined();
    expect(plain.answers).toEqual((await tfjs('linear', { given: 'logits' })).answers);
  });
});

describe('bytes', () => {
  const bytes = Uint8Array.of(0, 51, 102, 255, 204, 153, 5, 0);
  const given = { x: { data: bytes, shape: [2, 4] } };
  const floats = { x: { data: Float32Array.from(bytes, (byte) => byte / 255), shape: [2, 4] } };
  const numbers = { x: { data: Float32Array.from(bytes), shape: [2, 4] } };

  test('are the numbers that they are to a model from elsewhere, which is told', async () => {
    const teacher = await load(tinyClassifier());
    expect(await noticesOf(teacher, given)).toEqual([expect.stringMatching(/no "input".*bytes of "x" as 0…255/)]);
    expect(await teacher.ask(given)).toEqual(await teacher.ask(numbers));
  });

  test('are pixels to a file that limbeck wrote of a student', async () => {
    const teacher = await load({ ...tinyClassifier(), producerName: 'limbeck' });
    expect(await noticesOf(teacher, given)).toEqual([]);
    expect(await teacher.ask(given)).toEqual(await teacher.ask(floats));
  });

  test('are whole numbers to a model that takes them', async () => {
    const teacher = await load(
      modelOf({
        input: [value('x', ['B', 4], 2)],
        output: [value('y', ['B', 4])],
        node: [node('Cast', ['x'], ['y'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 1n })] })],
      }),
    );
    expect(await noticesOf(teacher, given)).toEqual([]);
    expect(valuesOf(await teacher.ask(given))).toEqual(Array.from(bytes));
  });

  test('are pixels to a model of layers, as they are to a student', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
    const name = model.inputNames[0] as string;
    const teacher = await loadTfjsTeacher(model, { worker: 'none' }).done;
    expect(await teacher.ask({ [name]: given.x })).toEqual(await teacher.ask({ [name]: floats.x }));
    await teacher[Symbol.asyncDispose]();
    model.dispose();
  });
});

describe('an image input that is given what are no pixels', () => {
  const images = (most: number, least = 0) => ({
    x: { data: Float32Array.from({ length: 8 }, (_, i) => least + ((most - least) * i) / 7), shape: [2, 2, 2, 1] },
  });
  const open = () =>
    load(
      modelOf({
        input: [value('x', ['B', 1, 2, 2])],
        output: [value('y', ['B', 1, 2, 2])],
        node: [node('Neg', ['x'], ['y'])],
      }),
      { input: { channels: 1 } },
    );

  test.each([
    ['pixels of 0…255 as floats', images(250), /values from 0 to 250/],
    ['what is normalised already', images(2.6, -2.1), /values from -2.1 to 2.6/],
  ])('is told: %s', async (_, given, seen) => {
    expect(await noticesOf(await open(), given)).toEqual([expect.stringMatching(seen)]);
  });

  test.each([
    ['of 0…1', images(1)],
    ['a little beyond, as augmenting makes them', images(1.2, -0.2)],
    ['bytes', { x: { data: Uint8Array.of(0, 255, 3, 4, 5, 6, 7, 8), shape: [2, 2, 2, 1] } }],
  ])('and of no others: %s', async (_, given) => {
    expect(await noticesOf(await open(), given)).toEqual([]);
  });
});
