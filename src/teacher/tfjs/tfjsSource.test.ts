import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { savedParts } from '../../student/layersModel.ts';
import { loadTfjsTeacher, type TfjsTeacherOptions } from '../tfjsTeacher.ts';
import type { TfjsSource } from './tfjsSource.ts';
import { array, dense, graph, inputs } from './tfjsTeacherCases.ts';

const here: TfjsTeacherOptions = { worker: 'none' };
const load = (source: TfjsSource, options: TfjsTeacherOptions = {}) =>
  loadTfjsTeacher(source, { ...here, ...options }).done;

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => vi.unstubAllGlobals());

describe.each([
  { name: 'layers', artifacts: async () => savedParts(dense([1, 2, 3, 4])) },
  { name: 'graph', artifacts: async () => graph() },
])('files of a $name model', ({ artifacts }) => {
  const NEEDED = { logits: array([7, 10, 0.5, 0], 2, 2) };

  /** model.json and two shards, the second of which begins in the middle of a number's row. */
  async function files() {
    const { modelTopology, weightSpecs, weightData, format, signature } = await artifacts();
    const bytes = new Uint8Array(weightData as ArrayBuffer);
    const weightsManifest = [{ paths: ['shards/one.bin', 'shards/two.bin'], weights: weightSpecs }];
    return {
      json: JSON.stringify({ format, modelTopology, signature, weightsManifest }),
      shards: [bytes.slice(0, 8), bytes.slice(8)] as const,
    };
  }

  test('given as files', async () => {
    const { json, shards } = await files();
    const given = [new File([shards[1]], 'two.bin'), new File([json], 'model.json'), new File([shards[0]], 'one.bin')];
    const teacher = await load(given);
    expect(await teacher.ask(inputs)).toEqual(NEEDED);
    await teacher[Symbol.asyncDispose]();
    await expect(load(given.slice(0, 2))).rejects.toMatchObject({
      code: 'teacher-failed',
      message: expect.stringContaining('one.bin'),
    });
  });

  test('at an address', async () => {
    const { json, shards } = await files();
    const served: Record<string, BodyInit> = {
      'https://a.example/models/m/model.json?key=1': json,
      'https://a.example/models/m/shards/one.bin?key=1': shards[0],
      'https://a.example/models/m/shards/two.bin?key=1': shards[1],
    };
    vi.stubGlobal('fetch', async (url: string | URL) => {
      const body = served[String(url)];
      return body === undefined ? new Response('', { status: 404 }) : new Response(body);
    });
    const run = loadTfjsTeacher('https://a.example/models/m/model.json?key=1', here);
    const teacher = await run.done;
    expect(await teacher.ask(inputs)).toEqual(NEEDED);
    expect(teacher.description.name).toBe('m');
    const events = [];
    for await (const event of run) events.push(event);
    const loaded = events.flatMap((event) => (event.type === 'load' ? [event.loadedBytes] : []));
    expect(loaded.at(-1)).toBe(json.length + 16);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(events.at(-1)).toEqual({ type: 'open', bytes: 16 });
    await teacher[Symbol.asyncDispose]();
    delete served['https://a.example/models/m/shards/two.bin?key=1'];
    await expect(load('https://a.example/models/m/model.json?key=1')).rejects.toMatchObject({
      code: 'model-unreachable',
    });
  });

  test('from a handler of tfjs', async () => {
    const teacher = await load({ load: artifacts });
    expect(await teacher.ask(inputs)).toEqual(NEEDED);
    await teacher[Symbol.asyncDispose]();
  });
});

describe('what is no tfjs model', () => {
  test.each([
    { name: 'a number', source: 3, code: 'invalid-option' },
    { name: 'nothing', source: undefined, code: 'invalid-option' },
    { name: 'an empty object', source: {}, code: 'teacher-failed' },
    { name: 'no file', source: [], code: 'teacher-failed' },
    { name: 'a file that is no JSON', source: [new File(['<html>'], 'model.json')], code: 'teacher-failed' },
    { name: 'JSON of something else', source: [new File(['{}'], 'model.json')], code: 'teacher-failed' },
    { name: 'JSON of nothing', source: [new File(['null'], 'model.json')], code: 'teacher-failed' },
    { name: 'a graph without weights', source: { ...graph(), weightData: undefined }, code: 'teacher-failed' },
    { name: 'too few weights', source: { ...graph(), weightData: new ArrayBuffer(8) }, code: 'teacher-failed' },
    {
      name: 'an operation that tfjs lacks',
      source: { ...graph(), modelTopology: { node: [{ name: 'z', op: 'Nonsense' }], versions: {} } },
      code: 'teacher-failed',
    },
    {
      name: 'layers that tfjs lacks',
      source: { modelTopology: { class_name: 'X' }, weightData: new ArrayBuffer(0) },
      code: 'teacher-failed',
    },
  ])('refuses $name', async ({ source, code }) => {
    const before = tf.memory().numTensors;
    // tfjs finds some faults of a graph only when it computes.
    const opened = load(source as TfjsSource).then((teacher) =>
      teacher.ask(inputs).finally(() => teacher[Symbol.asyncDispose]()),
    );
    await expect(opened).rejects.toMatchObject({ name: 'LimbeckError', code });
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    { name: 'a misspelt option', options: { thread: 1 } },
    { name: 'no threads', options: { threads: 0 } },
  ])('refuses $name', async ({ options }) => {
    await expect(load(graph(), options as TfjsTeacherOptions)).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('stops where it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    const run = loadTfjsTeacher(graph(), { ...here, signal: controller.signal });
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
  });
});
