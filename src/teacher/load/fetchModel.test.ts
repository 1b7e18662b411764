import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fetchModel } from './fetchModel.ts';
import { failureOf, file, type Handler, modelOf, serverForEach } from './fetchModelCases.ts';
import type { ModelSource } from './fetchModelSource.ts';

const server = serverForEach();

const model = modelOf('teacher', { length: 5000 });
const sha384 = (bytes: Uint8Array) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

describe('integrity', () => {
  test('is checked for every kind of source', async () => {
    server.on('/a.onnx', file(model));
    const sources: (() => ModelSource)[] = [() => `${server.url}/a.onnx`, () => model, () => new Blob([model])];
    for (const source of sources) {
      expect((await fetchModel(source(), { integrity: sha384(model) })).bytes).toEqual(model);
      const error = await failureOf(source(), { integrity: sha384(Uint8Array.of(1)) });
      expect(error).toMatchObject({ code: 'integrity-mismatch', details: { actual: sha384(model) } });
    }
  });
});

describe('files beside the model', () => {
  const [w, v] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8, 9)];
  const split = modelOf('split', { external: ['./w.bin', 'sub/v 1.bin'] });

  test('are loaded from beside its address, with its headers, and progress tells of all', async () => {
    const guarded =
      (bytes: Uint8Array): Handler =>
      (request, response) =>
        request.headers['x-key'] === 'secret' ? file(bytes)(request, response) : void response.writeHead(401).end();
    server.on('/m/a.onnx', guarded(split));
    server.on('/m/w.bin', guarded(w));
    server.on('/m/sub/v%201.bin', guarded(v));
    const told: [number, number | undefined][] = [];
    const loaded = await fetchModel(new Request(`${server.url}/m/a.onnx`, { headers: { 'x-key': 'secret' } }), {
      onProgress: (...progress) => told.push(progress),
    });
    expect(loaded.externalData).toEqual([
      { path: 'w.bin', bytes: w, isOwned: true },
      { path: 'sub/v 1.bin', bytes: v, isOwned: true },
    ]);
    const all = split.length + w.length + v.length;
    expect(told.at(-1)).toEqual([all, all]);
    // Where the model says how far it reads, the files count before they are asked for.
    expect(told).toContainEqual([split.length + w.length, split.length + w.length + 4]);
  });

  test('that are not there are named', async () => {
    server.on('/m/a.onnx', file(split));
    const error = await failureOf(`${server.url}/m/a.onnx`);
    expect(error).toMatchObject({ code: 'model-unreachable', details: { url: `${server.url}/m/w.bin`, status: 404 } });
  });

  test('are never asked for outside the model’s folder', async () => {
    for (const location of ['../secret', '/secret', `${server.url}/secret`]) {
      server.on('/m/a.onnx', file(modelOf('bad', { external: [location] })));
      expect((await failureOf(`${server.url}/m/a.onnx`)).code).toBe('invalid-onnx');
    }
    expect(new Set(server.asked)).toEqual(new Set(['GET /m/a.onnx']));
  });

  test('must be given where the model has no address', async () => {
    const error = await failureOf(split);
    expect(error).toMatchObject({
      code: 'invalid-onnx',
      details: { needed: ['w.bin', 'sub/v 1.bin'], missing: ['w.bin', 'sub/v 1.bin'] },
    });
    const half = await failureOf(split, { externalData: { 'w.bin': w } });
    expect(half.message).toMatch(/1 of 2 were not given: sub\/v 1\.bin/);
  });

  test('are taken from any source; one that is not named is not read', async () => {
    server.on('/v', file(v));
    const externalData = { 'w.bin': w, './sub/v 1.bin': `${server.url}/v`, 'x.bin': `${server.url}/x` };
    const loaded = await fetchModel(split, { externalData });
    expect(loaded.externalData).toEqual([
      { path: 'w.bin', bytes: w, isOwned: false },
      { path: 'sub/v 1.bin', bytes: v, isOwned: true },
    ]);
    expect(loaded.notices).toEqual([expect.stringMatching(/"x\.bin" of "externalData" is not read/)]);
    expect(server.asked).toEqual(['GET /v']);
  });

  test('have hashes of their own', async () => {
    const externalData = { 'w.bin': w, 'sub/v 1.bin': v };
    const integrity = { 'model.onnx': sha384(split), './w.bin': sha384(w), 'sub/v 1.bin': sha384(v) };
    expect((await fetchModel(split, { externalData, integrity })).externalData).toHaveLength(2);
    const swapped = { ...integrity, './w.bin': sha384(v) };
    expect(await failureOf(split, { externalData, integrity: swapped })).toMatchObject({
      code: 'integrity-mismatch',
      details: { name: 'w.bin' },
    });
    const misspelt = { ...integrity, 'W.bin': sha384(w) };
    expect((await failureOf(split, { externalData, integrity: misspelt })).code).toBe('invalid-option');
  });

  test('that end too early are refused', async () => {
    const externalData = { 'w.bin': w.subarray(1), 'sub/v 1.bin': v };
    expect(await failureOf(split, { externalData })).toMatchObject({
      code: 'invalid-onnx',
      details: { path: 'w.bin', needed: 4, given: 3 },
    });
  });
});
