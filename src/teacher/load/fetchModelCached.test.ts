import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { modelCache } from '../../network/cache/modelCache.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { type FetchModelOptions, fetchModel } from './fetchModel.ts';
import { file, modelOf, serverForEach, versioned } from './fetchModelCases.ts';

const server = serverForEach();
let store: Store;
beforeEach(async () => {
  store = await openStore('models', { kind: 'memory' });
});
afterEach(() => store[Symbol.asyncDispose]());

const model = modelOf('teacher', { length: 3000 });
const w = Uint8Array.of(1, 2, 3, 4);
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const integrityOf = (bytes: Uint8Array, algorithm = 'sha256') =>
  `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
const blobKeyOf = (bytes: Uint8Array) => `models/blobs/${hashOf(bytes)}`;

/** Loads a path of the server through the cache. */
const load = (path: string, options: FetchModelOptions = {}) =>
  fetchModel(server.url + path, { cache: store, ...options });

describe('an address that was loaded before', () => {
  beforeEach(() => server.on('/a.onnx', versioned(model, '"v1"')));

  test('is asked whether the file changed, and answers that it did not', async () => {
    const first = await load('/a.onnx');
    let status: number | undefined;
    server.on('/a.onnx', (request, response) => {
      response.on('finish', () => {
        status = response.statusCode;
      });
      versioned(model, '"v1"')(request, response);
    });
    const told: unknown[] = [];
    const second = await load('/a.onnx#part', { onProgress: (...progress) => told.push(progress) });
    expect(second.bytes).toEqual(model);
    expect(second).toMatchObject({ isOwned: true, notices: [] });
    expect(first.notices).toEqual([]);
    expect(status).toBe(304);
    expect(told).toEqual([[model.length, model.length]]);
  });

  test('gives the new file where it changed, and the old one is gone', async () => {
    await load('/a.onnx');
    const changed = modelOf('changed');
    server.on('/a.onnx', versioned(changed, '"v2"'));
    expect((await load('/a.onnx')).bytes).toEqual(changed);
    const cache = modelCache(store);
    expect(await cache.list()).toMatchObject([{ hash: hashOf(changed), urls: [`${server.url}/a.onnx`] }]);
    expect(await store.keys('models/blobs/')).toEqual([blobKeyOf(changed)]);
  });

  test('is not read again from a server that ignores conditions', async () => {
    const date = 'Tue, 24 Nov 2026 10:00:00 GMT';
    server.on('/b.onnx', file(model, { 'last-modified': date }));
    await load('/b.onnx');
    let condition: string | undefined;
    const isGone = new Promise<void>((resolve) => {
      server.on('/b.onnx', (request, response) => {
        condition = request.headers['if-modified-since'];
        response.on('close', resolve);
        response.writeHead(200, { 'last-modified': date, 'content-length': model.length });
        // Never finished: who waits for the body waits for ever.
        response.write(model.subarray(0, 10));
      });
    });
    expect((await load('/b.onnx')).bytes).toEqual(model);
    expect(condition).toBe(date);
    await isGone;
  });

  test('on another origin is asked without headers that it would have to allow', async () => {
    await load('/a.onnx');
    vi.stubGlobal('location', { origin: 'https://page.example', href: 'https://page.example/' });
    let condition: string | undefined;
    server.on('/a.onnx', (request, response) => {
      condition = request.headers['if-none-match'];
      file(modelOf('not read'), { etag: '"v1"' })(request, response);
    });
    expect((await load('/a.onnx')).bytes).toEqual(model);
    expect(condition).toBeUndefined();
  });

  test('gives the cached copy, with a notice, where nobody answers or the server is out of order', async () => {
    await load('/a.onnx');
    for (const status of [500, 503, 429]) {
      server.on('/a.onnx', (_request, response) => response.writeHead(status).end());
      const { bytes, notices } = await load('/a.onnx');
      expect(bytes).toEqual(model);
      expect(notices).toEqual([expect.stringMatching(new RegExp(`cached copy of \\d{4}-\\d\\d-\\d\\d.*${status}`))]);
    }
    await server.close();
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [expect.stringMatching(/cached copy/)] });
  });

  test('gives the cached copy where the new one breaks off', async () => {
    await load('/a.onnx');
    server.on('/a.onnx', (_request, response) => {
      response.writeHead(200, { etag: '"v2"', 'content-length': 1000 });
      response.write(model.subarray(0, 10), () => response.destroy());
    });
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [expect.stringMatching(/cached copy/)] });
  });

  test.each([404, 410, 403])('is refused where the server answers %i', async (status) => {
    await load('/a.onnx');
    server.on('/a.onnx', (_request, response) => response.writeHead(status).end());
    await expect(load('/a.onnx')).rejects.toMatchObject({ code: 'model-unreachable', details: { status } });
  });

  test('is refused where it answers with a web page now', async () => {
    await load('/a.onnx');
    server.on('/a.onnx', file(new TextEncoder().encode('<p>'), { 'content-type': 'text/html' }));
    await expect(load('/a.onnx')).rejects.toMatchObject({ code: 'model-unreachable', message: /web page/ });
  });

  test('is loaded again where the browser cleared the bytes, in silence', async () => {
    await load('/a.onnx');
    await store.delete(blobKeyOf(model));
    expect(await modelCache(store).list()).toEqual([]);
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [] });
    expect(await modelCache(store).list()).toHaveLength(1);
  });

  test('is loaded again where the bytes were damaged, with a notice', async () => {
    await load('/a.onnx');
    const damaged = model.slice();
    damaged[5] = (damaged[5] as number) ^ 1;
    await store.put(blobKeyOf(model), damaged);
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [expect.stringMatching(/was damaged/)] });
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [] });
    await store.put(blobKeyOf(model), damaged);
    await server.close();
    await expect(load('/a.onnx')).rejects.toMatchObject({ code: 'model-unreachable' });
  });

  test.each(['', '{', '{"url":5}', 'null'])('does not mind an index entry that reads %j', async (text) => {
    await load('/a.onnx');
    for (const key of await store.keys('models/urls/')) await store.put(key, new TextEncoder().encode(text));
    expect(await load('/a.onnx')).toMatchObject({ bytes: model, notices: [] });
    expect(await modelCache(store).list()).toHaveLength(1);
  });

  test('half a load leaves nothing that counts', async () => {
    const controller = new AbortController();
    const loading = load('/a.onnx', { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.keys()).toEqual([]);
  });

  test('nor does one that is cancelled while it is hashed', async () => {
    const controller = new AbortController();
    const { digest } = crypto.subtle;
    const spy = vi.spyOn(crypto.subtle, 'digest').mockImplementation((algorithm, data) => {
      if (data.byteLength === model.length) controller.abort();
      return digest.call(crypto.subtle, algorithm, data);
    });
    await expect(load('/a.onnx', { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    spy.mockRestore();
    expect(await store.keys()).toEqual([]);
  });

  test('says where a server gives nothing to tell a change by', async () => {
    server.on('/bare.onnx', file(model));
    for (let i = 0; i < 2; i++) {
      expect((await load('/bare.onnx')).notices).toEqual([expect.stringMatching(/neither ETag nor Last-Modified/)]);
    }
    expect((await load('/bare.onnx', { integrity: integrityOf(model) })).notices).toEqual([]);
  });

  test('is shared by loads at the same time', async () => {
    const loaded = await Promise.all([load('/a.onnx'), load('/a.onnx'), load('/a.onnx')]);
    for (const { bytes } of loaded) expect(bytes).toEqual(model);
    expect(await modelCache(store).totalBytes()).toBe(model.length);
  });

  test('is not kept for what is no plain GET, or no whole file', async () => {
    const url = `${server.url}/a.onnx`;
    await fetchModel(new Request(url, { method: 'POST', body: 'x' }), { cache: store });
    server.on('/part.onnx', (_request, response) => response.writeHead(206).end(model));
    await load('/part.onnx');
    await fetchModel(model, { cache: store });
    expect(await store.keys()).toEqual([]);
    await fetchModel(new Request(url, { headers: { 'x-key': 'a' } }), { cache: store });
    expect(await modelCache(store).list()).toMatchObject([{ urls: [url] }]);
  });
});

describe('with an integrity', () => {
  test.each(['sha256', 'sha384', 'sha512'])('%s that the kept bytes meet, no server is asked', async (algorithm) => {
    server.on('/a.onnx', versioned(model, '"v1"'));
    await load('/a.onnx');
    server.asked.length = 0;
    const loaded = await load('/a.onnx', { integrity: integrityOf(model, algorithm) });
    expect(loaded).toMatchObject({ bytes: model, notices: [] });
    expect(server.asked).toEqual([]);
  });

  test('another address gives the same bytes without being asked', async () => {
    server.on('/a.onnx', versioned(model, '"v1"'));
    await load('/a.onnx');
    expect((await load('/mirror.onnx', { integrity: integrityOf(model) })).bytes).toEqual(model);
    expect(server.asked).toEqual(['GET /a.onnx']);
    expect((await modelCache(store).list())[0]?.urls).toHaveLength(2);
    expect(await modelCache(store).totalBytes()).toBe(model.length);
  });

  test('of another version, the cached copy is not used, also where nobody answers', async () => {
    server.on('/a.onnx', versioned(model, '"v1"'));
    await load('/a.onnx');
    const next = modelOf('next');
    await expect(load('/a.onnx', { integrity: integrityOf(next) })).rejects.toMatchObject({
      code: 'integrity-mismatch',
    });
    server.on('/a.onnx', versioned(next, '"v2"'));
    expect((await load('/a.onnx', { integrity: integrityOf(next) })).bytes).toEqual(next);
    await server.close();
    await expect(load('/a.onnx', { integrity: integrityOf(model, 'sha512') })).rejects.toMatchObject({
      code: 'model-unreachable',
    });
  });

  test('bytes that do not meet it are not kept', async () => {
    server.on('/a.onnx', file(model));
    await expect(load('/a.onnx', { integrity: integrityOf(w) })).rejects.toMatchObject({ code: 'integrity-mismatch' });
    expect(await store.keys()).toEqual([]);
  });
});
