import { beforeAll, describe, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import * as tf from '../runtime/tf.ts';
import { toFiles } from '../student/files/files.ts';
import { artifactsOf, savedParts } from '../student/layersModel.ts';
import type { TfjsSource } from './tfjs/tfjsSource.ts';
import { array, dense, graph, inputs } from './tfjs/tfjsTeacherCases.ts';
import { loadTfjsTeacher, type TfjsTeacherOptions } from './tfjsTeacher.ts';

const load = (source: TfjsSource, options: TfjsTeacherOptions = {}) =>
  loadTfjsTeacher(source, { worker: 'none', ...options }).done;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('a layers model', () => {
  test('answers as tfjs does, by the name that losses read', async () => {
    const model = dense([1, 2, 3, 4]);
    const teacher = await load(model);
    expect(await teacher.ask(inputs)).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
    expect(Object.values(teacher.description.inputs)).toEqual([[null, 2]]);
    expect(Object.keys(teacher.description.inputs)).not.toContain('undefined');
    expect(teacher.description).toMatchObject({
      name: model.name,
      bytes: 16,
      device: 'tfjs',
      outputs: { logits: [null, 2] },
      identity: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(teacher.usage?.()).toEqual({ calls: 1, computed: 2, found: 0 });
    await teacher[Symbol.asyncDispose]();
    model.dispose();
  });

  test('is a copy: what becomes of the model of the page does not reach the teacher', async () => {
    const model = dense([1, 2, 3, 4]);
    const teacher = await load(model);
    model.setWeights([tf.zeros([2, 2])]);
    model.dispose();
    expect(await teacher.ask(inputs)).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
    await teacher[Symbol.asyncDispose]();
  });

  test('keeps several outputs by their names', async () => {
    const x = tf.input({ shape: [2], name: 'x' });
    const make = (name: string) => tf.layers.dense({ units: 1, kernelInitializer: 'ones', name }).apply(x);
    const model = tf.model({ inputs: x, outputs: [make('a'), make('b')] as tf.SymbolicTensor[] });
    const teacher = await load(model);
    expect(await teacher.ask(inputs)).toEqual({ a: array([3, -0.5], 2, 1), b: array([3, -0.5], 2, 1) });
    expect(teacher.description).toMatchObject({ inputs: { x: [null, 2] }, outputs: { a: [null, 1], b: [null, 1] } });
    await teacher[Symbol.asyncDispose]();
    model.dispose();
  });

  test('is read from the files that limbeck writes of it, by their names', async () => {
    const model = dense([1, 2, 3, 4]);
    const artifacts = await artifactsOf(model);
    const files = toFiles(artifacts);
    const { 'model.json': json, 'weights.bin': weights } = files;
    const paths = ['weights-1of2.bin', 'weights-2of2.bin'] as const;
    const shards = {
      'model.json': json.replace('["weights.bin"]', JSON.stringify(paths)),
      [paths[1]]: weights.slice(7),
      [paths[0]]: weights.slice(0, 7),
    };
    expect(shards['model.json']).toContain(paths[1]);
    const blobs = { 'model.json': new Blob([files['model.json']]), 'weights.bin': new Blob([files['weights.bin']]) };
    for (const source of [files, shards, blobs]) {
      const teacher = await load(source);
      expect(await teacher.ask(inputs)).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
      await teacher[Symbol.asyncDispose]();
    }
    model.dispose();
    await expect(load({ 'model.json': files['model.json'] })).rejects.toMatchObject({
      code: 'teacher-failed',
      message: expect.stringContaining('its weights "weights.bin" are not among the files'),
    });
  });

  test('computes as at inference: no dropout', async () => {
    const model = tf.sequential({ layers: [tf.layers.dropout({ rate: 0.9, inputShape: [2] })] });
    const teacher = await load(model);
    expect(await teacher.ask(inputs)).toEqual({ logits: inputs['x'] });
    await teacher[Symbol.asyncDispose]();
    model.dispose();
  });
});

describe('a graph model', () => {
  test('answers what its nodes say', async () => {
    const teacher = await load(graph());
    expect(await teacher.ask(inputs)).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
    expect(teacher.description).toMatchObject({ inputs: { x: [null, 2] }, bytes: 16, device: 'tfjs' });
    await teacher[Symbol.asyncDispose]();
  });

  test('keeps several outputs by the names of its signature', async () => {
    const teacher = await load(graph(['y', 'z']));
    const answer = await teacher.ask({ x: array([-1, 0], 1, 2) });
    expect(answer).toEqual({ y: array([-1, -2], 1, 2), z: array([0, 0], 1, 2) });
    await teacher[Symbol.asyncDispose]();
  });

  test('of the page is copied', async () => {
    const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
    const model = await loadGraphModel({ load: async () => graph() as tf.io.ModelArtifacts });
    const teacher = await load(model);
    model.dispose();
    expect(await teacher.ask(inputs)).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
    await teacher[Symbol.asyncDispose]();
  });
});

describe('an asked teacher', () => {
  test('leaves no tensor, batch by batch and in the end', async () => {
    for (const source of [graph(), { load: async () => graph(['y', 'z']) }, await savedParts(dense([1, 2, 3, 4]))]) {
      const before = tf.memory().numTensors;
      const teacher = await load(source);
      const opened = tf.memory().numTensors;
      for (let i = 0; i < 3; i++) await teacher.ask(inputs);
      await expect(teacher.ask({ x: array([1, 2, 3], 1, 3) })).rejects.toThrow();
      expect(tf.memory().numTensors).toBe(opened);
      await teacher[Symbol.asyncDispose]();
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  test('reads images as it is told, and has another identity then', async () => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2, 1] })] });
    const images = { x: { data: Uint8Array.of(0, 255, 255, 0), shape: [1, 2, 2, 1] } };
    const plain = await load(model);
    const scaled = await load(model, { input: { channels: 1, layout: 'nhwc', mean: 0.5, stdDev: 0.5 } });
    const raw = (await plain.ask(images))['logits'];
    expect(Array.from((await scaled.ask(images))['logits']?.data ?? [])).not.toEqual(Array.from(raw?.data ?? []));
    expect(scaled.description.identity).not.toBe(plain.description.identity);
    for (const teacher of [plain, scaled]) await teacher[Symbol.asyncDispose]();
    model.dispose();
  });

  test('is read as it is told; a function of the page has no identity', async () => {
    const teacher = await load(graph(), { read: ({ logits }) => ({ scores: logits as never }) });
    expect(Object.keys(await teacher.ask(inputs))).toEqual(['scores']);
    expect(teacher.description).not.toHaveProperty('identity');
    await teacher[Symbol.asyncDispose]();
  });

  test('has an identity of its weights, not of its name', async () => {
    const identities = [];
    for (const [weights, name] of [
      [[1, 2, 3, 4], 'a'],
      [[1, 2, 3, 4], 'b'],
      [[1, 2, 3, 5], 'a'],
    ] as const) {
      const artifacts = { ...graph(), weightData: Float32Array.from(weights).buffer };
      const teacher = await load(artifacts, { name });
      identities.push(teacher.description.identity);
      await teacher[Symbol.asyncDispose]();
    }
    expect(identities[1]).toBe(identities[0]);
    expect(identities[2]).not.toBe(identities[0]);
  });

  test('is timed as often as asked', async () => {
    const teacher = await load(graph());
    expect(await teacher.timeMs(inputs, 3)).toHaveLength(3);
    await teacher[Symbol.asyncDispose]();
  });

  test.each<{ name: string; given: NamedArrays; code: string }>([
    { name: 'another shape', given: { x: array([1, 2, 3], 1, 3) }, code: 'shape-mismatch' },
    { name: 'no number', given: { x: array([1, Number.NaN], 1, 2) }, code: 'not-finite' },
    {
      name: 'two arrays of other names',
      given: { a: array([1, 2], 1, 2), b: array([1, 2], 1, 2) },
      code: 'unknown-input',
    },
  ])('refuses $name', async ({ given, code }) => {
    const teacher = await load(graph());
    await expect(teacher.ask(given)).rejects.toMatchObject({ name: 'LimbeckError', code });
    await teacher[Symbol.asyncDispose]();
  });

  test('fails after it was disposed, twice, and when it was cancelled', async () => {
    const teacher = await load(graph());
    await expect(teacher.ask(inputs, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    await teacher[Symbol.asyncDispose]();
    await teacher[Symbol.asyncDispose]();
    await expect(teacher.ask(inputs)).rejects.toMatchObject({ code: 'disposed' });
  });
});
