import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { fetchModel } from './fetchModel.ts';
import { failureOf, file, modelOf, serverForEach, streamOf } from './fetchModelCases.ts';

const server = serverForEach();

const model = modelOf('teacher', { length: 5000 });

describe('from an address', () => {
  test('gives the bytes, the file’s name, and progress to the end', async () => {
    server.on('/a/teacher.onnx?v=2', file(model));
    const told: [number, number | undefined][] = [];
    const loaded = await fetchModel(`${server.url}/a/teacher.onnx?v=2#x`, {
      onProgress: (...progress) => told.push(progress),
    });
    expect(loaded).toEqual({ name: 'teacher.onnx', bytes: model, isOwned: true, externalData: [], notices: [] });
    expect(told.at(-1)).toEqual([model.length, model.length]);
    expect(told.every(([, total]) => total === model.length)).toBe(true);
  });

  test('reads what comes in parts, without a length, into one array', async () => {
    server.on('/a.onnx', (_request, response) => {
      response.writeHead(200);
      response.write(model.subarray(0, 7));
      setImmediate(() => response.end(model.subarray(7)));
    });
    const told: unknown[] = [];
    const loaded = await fetchModel(`${server.url}/a.onnx`, { onProgress: (_, total) => told.push(total) });
    expect(loaded.bytes).toEqual(model);
    expect(new Set(told)).toEqual(new Set([undefined]));
  });

  test('tells no total where the length is that of packed bytes', async () => {
    // Without compression the packed bytes are more than the file.
    const packed = gzipSync(model, { level: 0 });
    server.on('/a.onnx', file(packed, { 'content-encoding': 'gzip' }));
    const told: unknown[] = [];
    const loaded = await fetchModel(`${server.url}/a.onnx`, { onProgress: (...progress) => told.push(progress) });
    expect(loaded.bytes).toEqual(model);
    expect(told.at(-1)).toEqual([model.length, undefined]);
  });

  test('copes with more than was announced, as where another origin hides that its answer is packed', async () => {
    const headers = { 'content-length': '10' };
    vi.stubGlobal('fetch', async () => new Response(streamOf(model.subarray(0, 6), model.subarray(6)), { headers }));
    const told: unknown[] = [];
    const loaded = await fetchModel('https://page.example/a.onnx', {
      onProgress: (...progress) => told.push(progress),
    });
    expect(loaded.bytes).toEqual(model);
    expect(told).toEqual([
      [6, 10],
      [model.length, undefined],
    ]);
  });

  test('takes a URL, and a Request with its method and headers; follows to where it moved', async () => {
    server.on('/b.onnx', (_request, response) => response.writeHead(302, { location: '/moved.onnx' }).end());
    server.on('/moved.onnx', file(model));
    expect(await fetchModel(new URL(`${server.url}/b.onnx`))).toMatchObject({ name: 'b.onnx', bytes: model });
    server.on('/guarded.onnx', (request, response) => {
      const isKnown = request.method === 'POST' && request.headers['x-key'] === 'secret';
      if (isKnown) file(model)(request, response);
      else response.writeHead(401).end();
    });
    const request = new Request(`${server.url}/guarded.onnx`, {
      method: 'POST',
      headers: { 'x-key': 'secret' },
      body: 'x',
    });
    expect(await fetchModel(request)).toMatchObject({ name: 'guarded.onnx', bytes: model });
    expect((await failureOf(`${server.url}/guarded.onnx`)).message).toMatch(/answered 401 .*headers or credentials/);
  });

  test('says what the server answered', async () => {
    const error = await failureOf(`${server.url}/missing.onnx`);
    const url = `${server.url}/missing.onnx`;
    expect(error).toMatchObject({ code: 'model-unreachable', details: { url, status: 404 } });
    expect(error.message).toBe(
      `The model at ${url} could not be loaded: the server answered 404 Not Found. Check the address.`,
    );
  });

  test('tells a web page from a model', async () => {
    server.on('/a.onnx', file(new TextEncoder().encode('<html>'), { 'content-type': 'text/html; charset=utf-8' }));
    const error = await failureOf(`${server.url}/a.onnx`);
    expect(error.code).toBe('model-unreachable');
    expect(error.message).toMatch(/a web page \(text\/html; charset=utf-8\).*check the address/);
  });

  test('says that there was no answer, and what another origin must allow', async () => {
    await server.close();
    expect(await failureOf(`${server.url}/a.onnx`)).toMatchObject({ code: 'model-unreachable', message: /Check the/ });
    vi.stubGlobal('location', { origin: 'https://page.example', href: 'https://page.example/x/' });
    const error = await failureOf(`${server.url}/a.onnx`);
    expect(error.message).toMatch(/another origin \(http:\/\/127\.0\.0\.1:\d+\).*Access-Control-Allow-Origin/);
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failureOf('a.onnx')).message).toBe(
      'The model at https://page.example/x/a.onnx could not be loaded: Failed to fetch. Check the address and the connection.',
    );
  });

  test('an answer that breaks off is no model', async () => {
    server.on('/torn.onnx', (_request, response) => {
      response.writeHead(200, { 'content-length': model.length });
      response.write(model.subarray(0, 100), () => response.destroy());
    });
    expect((await failureOf(`${server.url}/torn.onnx`)).code).toBe('model-unreachable');
    const headers = { 'content-length': String(model.length) };
    const short = new Response(streamOf(model.subarray(0, 100)), { headers });
    expect((await failureOf(short)).message).toContain(`announced ${model.length} bytes and sent 100`);
  });

  test('an empty file is none, and a length beyond all memory is said', async () => {
    server.on('/a.onnx', file(new Uint8Array()));
    expect(await failureOf(`${server.url}/a.onnx`)).toMatchObject({ code: 'invalid-onnx', message: /is empty/ });
    const vast = new Response(streamOf(model), { headers: { 'content-length': '9007199254740991' } });
    expect((await failureOf(vast)).code).toBe('out-of-memory');
  });

  test('is cancelled before, between and while it waits', async () => {
    expect((await failureOf(`${server.url}/a.onnx`, { signal: AbortSignal.abort() })).name).toBe('AbortError');
    expect(server.asked).toEqual([]);
    const isGone = new Promise<void>((resolve) => {
      server.on('/slow.onnx', (request, response) => {
        request.on('close', resolve);
        response.writeHead(200, { 'content-length': model.length });
        response.write(model.subarray(0, 100));
      });
    });
    const controller = new AbortController();
    const error = await failureOf(`${server.url}/slow.onnx`, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('changed my mind')),
    });
    expect(error).toMatchObject({ name: 'AbortError', message: 'The run was cancelled: changed my mind.' });
    await isGone;
  });
});
