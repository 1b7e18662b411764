// Real servers: two ports are two origins.
import { createHash } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { file, serverForEach } from '../../network/serverCases.ts';
import * as tf from '../../runtime/tf.ts';
import { snapshot } from '../snapshot.ts';
import { loadTfjsTeacher, type TfjsTeacherOptions } from '../tfjsTeacher.ts';
import type { TfjsSource } from './tfjsSource.ts';
import { array, graph, inputs } from './tfjsTeacherCases.ts';

const [home, other] = [serverForEach(), serverForEach()];

const { modelTopology, weightSpecs, weightData, format, signature } = graph();
const weights = new Uint8Array(weightData as ArrayBuffer);
/** A model.json that keeps its weights in one file. */
const modelJson = (path: string) =>
  new TextEncoder().encode(
    JSON.stringify({ format, modelTopology, signature, weightsManifest: [{ paths: [path], weights: weightSpecs }] }),
  );
const sha384 = (bytes: Uint8Array) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

/** Loads, asks, and ends. */
async function answersOf(source: TfjsSource, options: TfjsTeacherOptions = {}) {
  const teacher = await loadTfjsTeacher(source, { worker: 'none', ...options }).done;
  try {
    return await teacher.ask(inputs);
  } finally {
    await teacher[Symbol.asyncDispose]();
  }
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  home.on('/m/w.bin', file(weights));
  home.on('/m/w.bin?sig=1', file(weights));
});

describe('a model.json that names', () => {
  const places: [string, (name: string) => string][] = [
    ['another server', (name) => `${other.url}/${name}`],
    ['another server, by two slashes', (name) => `//${new URL(other.url).host}/${name}`],
    ['another server, by backslashes', (name) => `\\\\${new URL(other.url).host}\\${name}`],
    ['a folder above', (name) => `../${name}`],
    ['a folder above, further on', (name) => `a/../../${name}`],
    ['the top folder', (name) => `/${name}`],
    ['its own server, in full', (name) => `${home.url}/m/${name}`],
    ['bytes of its own', () => `data:application/octet-stream;base64,${Buffer.from(weights).toString('base64')}`],
    ['a file', () => 'file:///etc/hostname'],
    ['half a character', () => '\ud800'],
  ];
  test.each(places)('%s makes nobody ask there', async (_, place) => {
    home.on('/m/model.json?sig=1', file(modelJson(place('w.bin'))));
    const source = new Request(`${home.url}/m/model.json?sig=1`, {
      headers: { authorization: 'Bearer secret', 'x-api-key': 'secret' },
    });
    await expect(answersOf(source)).rejects.toMatchObject({
      code: 'teacher-failed',
      message: expect.stringMatching(/must be the path of a file in its folder/),
    });
    expect(home.asked).toEqual(['GET /m/model.json?sig=1']);
    expect(other.asked).toEqual([]);
  });

  test('a file beside it is read with signature, headers and credentials', async () => {
    home.on('/m/model.json?sig=1', file(modelJson('./w.bin')));
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret' };
    expect(await answersOf(new Request(`${home.url}/m/model.json?sig=1`, { headers }))).toEqual({
      logits: array([7, 10, 0.5, 0], 2, 2),
    });
    expect(home.asked).toEqual(['GET /m/model.json?sig=1', 'GET /m/w.bin?sig=1']);
    for (const request of home.requests) expect(request.headers).toMatchObject(headers);
  });

  test('a file that its server sends elsewhere does not give the key away', async () => {
    home.on('/m/model.json', file(modelJson('w.bin')));
    home.on('/m/w.bin', (_, response) => response.writeHead(307, { location: `${other.url}/w.bin` }).end());
    const source = new Request(`${home.url}/m/model.json`, { headers: { 'x-api-key': 'secret' } });
    await expect(answersOf(source)).rejects.toMatchObject({ code: 'model-unreachable' });
    expect(other.asked).toEqual([]);
  });
});

test('two files of weights of one name are not one file', async () => {
  const weightsManifest = [{ paths: ['a/w.bin', 'b/w.bin'], weights: weightSpecs }];
  const json = JSON.stringify({ format, modelTopology, signature, weightsManifest });
  const half = weights.slice(0, weights.length / 2);
  const picked = [new File([json], 'model.json'), new File([half], 'w.bin')];
  await expect(answersOf(picked)).rejects.toMatchObject({
    code: 'teacher-failed',
    message: expect.stringContaining('its weights "a/w.bin" are not among the files'),
  });
});

describe('integrity', () => {
  const json = modelJson('w.bin');
  const good = { 'model.json': sha384(json), 'w.bin': sha384(weights) };
  const swapped = weights.map((byte) => byte ^ 1);
  beforeEach(() => home.on('/m/model.json', file(json)));
  const files = (bytes: Uint8Array) => [new File([json], 'model.json'), new File([bytes as BlobPart], 'w.bin')];

  test('of all files is met, from an address and from files', async () => {
    for (const source of [`${home.url}/m/model.json`, files(weights)]) {
      expect(await answersOf(source, { integrity: good })).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
    }
  });

  test('names files that a person picked by their paths, or by the last part of these', async () => {
    const inner = modelJson('sub/w.bin');
    const picked = [new File([inner], 'm.json'), new File([weights], 'w.bin')];
    for (const path of ['sub/w.bin', './sub/w.bin', 'w.bin']) {
      const record = { 'm.json': sha384(inner), [path]: sha384(weights) };
      expect(await answersOf(picked, { integrity: record })).toEqual({ logits: array([7, 10, 0.5, 0], 2, 2) });
      await expect(answersOf(picked, { integrity: { ...record, [path]: sha384(inner) } })).rejects.toMatchObject({
        code: 'integrity-mismatch',
      });
    }
  });

  test.each<[string, TfjsTeacherOptions['integrity'], object, number]>([
    ['of the model.json alone', sha384(json), { code: 'invalid-option', details: { missing: ['w.bin'] } }, 1],
    ['without the weights', { 'model.json': sha384(json) }, { details: { missing: ['w.bin'] } }, 1],
    ['without the model.json', { 'w.bin': sha384(weights) }, { details: { missing: ['model.json'] } }, 0],
    ['of one file more', { ...good, 'v.bin': sha384(weights) }, { details: { path: 'v.bin' } }, 1],
    [
      'that its model.json does not meet',
      { ...good, 'model.json': sha384(weights) },
      { code: 'integrity-mismatch' },
      1,
    ],
    ['that its weights do not meet', { ...good, 'w.bin': sha384(json) }, { code: 'integrity-mismatch' }, 2],
    ['that is none', { 'model.json': 'md5-x' }, { code: 'invalid-option' }, 0],
  ])('%s is refused, and as little as possible is loaded', async (_, integrity, error, asked) => {
    await expect(answersOf(`${home.url}/m/model.json`, { integrity })).rejects.toMatchObject(error);
    expect(home.asked).toHaveLength(asked);
    await expect(answersOf(files(weights), { integrity })).rejects.toMatchObject(error);
  });

  test('finds weights that were swapped', async () => {
    home.on('/m/w.bin', file(swapped));
    for (const source of [`${home.url}/m/model.json`, files(swapped)]) {
      await expect(answersOf(source, { integrity: good })).rejects.toMatchObject({
        code: 'integrity-mismatch',
        details: { name: 'w.bin' },
      });
    }
  });

  test('that a Request asks for itself leaves no weights unchecked', async () => {
    const request = new Request(`${home.url}/m/model.json`, { integrity: sha384(json) });
    await expect(answersOf(request)).rejects.toMatchObject({ details: { missing: ['w.bin'] } });
  });

  test('is not for a model in memory, nor for a snapshot', async () => {
    await expect(answersOf(graph(), { integrity: good })).rejects.toMatchObject({ code: 'invalid-option' });
    const options = { integrity: good } as object;
    await expect(snapshot({} as never, options)).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
