import { describe, expect, test } from 'vitest';
import { fetchModel } from './fetchModel.ts';
import { failureOf, file, modelOf, serverForEach, streamOf } from './fetchModelCases.ts';
import type { ModelSource } from './fetchModelSource.ts';

const server = serverForEach();

const model = modelOf('teacher', { length: 5000 });

describe('from memory', () => {
  test('takes bytes as they are, and leaves them to their owner', async () => {
    const loaded = await fetchModel(model);
    expect(loaded).toEqual({ name: 'model.onnx', bytes: model, isOwned: false, externalData: [], notices: [] });
    expect(loaded.bytes).toBe(model);
    expect(await fetchModel(model.slice().buffer)).toMatchObject({ bytes: model, isOwned: false });
    const part = new Uint8Array([9, ...model, 9]).subarray(1, -1);
    expect((await fetchModel(part)).bytes).toBe(part);
  });

  test('copies shared memory, which cannot move and may change', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(model.length));
    shared.set(model);
    const { bytes, isOwned } = await fetchModel(shared);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect({ bytes, isOwned }).toEqual({ bytes: model, isOwned: true });
  });

  test.each<[string, () => ModelSource, string, number | undefined]>([
    ['a Blob', () => new Blob([model]), 'model.onnx', model.length],
    ['a File', () => new File([model], 'mine.onnx'), 'mine.onnx', model.length],
    ['a stream', () => streamOf(model), 'model.onnx', undefined],
    ['a Response', () => new Response(model), 'model.onnx', undefined],
  ])('reads %s with progress', async (_, make, name, total) => {
    const told: unknown[] = [];
    const loaded = await fetchModel(make(), { onProgress: (...progress) => told.push(progress) });
    expect(loaded).toEqual({ name, bytes: model, isOwned: true, externalData: [], notices: [] });
    expect(told.at(-1)).toEqual([model.length, total]);
  });

  test('names the address that a Response came from, and looks at what it says', async () => {
    server.on('/a/b.onnx', file(model));
    expect((await fetchModel(await fetch(`${server.url}/a/b.onnx`))).name).toBe('b.onnx');
    expect(await failureOf(await fetch(`${server.url}/c.onnx`))).toMatchObject({ details: { status: 404 } });
  });

  test('stops waiting for a stream when it is cancelled, and lets the rest go', async () => {
    const controller = new AbortController();
    let reason: unknown;
    const silent = new ReadableStream<Uint8Array>({
      pull: () => controller.abort(new Error('enough')),
      cancel: (given) => {
        reason = given;
      },
    });
    expect((await failureOf(silent, { signal: controller.signal })).name).toBe('AbortError');
    expect(reason).toMatchObject({ message: 'enough' });
  });

  test('says that a stream broke, or gave no bytes', async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (stream) => stream.error(new Error('the disk is gone')) });
    expect(await failureOf(broken)).toMatchObject({ code: 'model-unreachable', message: /the disk is gone/ });
    const text = new ReadableStream({ pull: (stream) => stream.enqueue('text') });
    expect((await failureOf(text)).code).toBe('invalid-option');
  });

  test('says what is no ONNX file', async () => {
    expect((await failureOf(Uint8Array.of(1, 2, 3))).code).toBe('invalid-onnx');
  });

  test('what progress throws is thrown, and the stream let go', async () => {
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(Uint8Array.of(1)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const fail = () => {
      throw new RangeError('mine');
    };
    expect((await failureOf(endless, { onProgress: fail })).message).toBe('mine');
    expect(isCancelled).toBe(true);
  });
});

describe('before any work', () => {
  const used = async () => {
    const response = new Response('x');
    await response.text();
    return response;
  };
  const locked = () => {
    const stream = streamOf(model);
    stream.getReader();
    return stream;
  };
  test.each<[string, () => unknown, object, RegExp]>([
    ['a number', () => 5, {}, /"source" was Number/],
    ['nothing', () => undefined, {}, /"source" was Undefined/],
    ['another view', () => new Float32Array(2), {}, /new Uint8Array\(view.buffer/],
    ['an empty address', () => '', {}, /an empty text/],
    ['a Response that was read', used, {}, /body was read before/],
    ['a locked stream', locked, {}, /body was read before/],
    ['an unknown option', () => model, { integrety: '' }, /integrety/],
    ['a bad integrity', () => model, { integrity: 'md5-x' }, /"integrity" was/],
    ['no record of files', () => model, { externalData: [] }, /"externalData" was/],
    ['a file that is no source', () => model, { externalData: { 'w.bin': 3 } }, /externalData\["w.bin"\]" was Number/],
    ['no cache', () => model, { cache: {} }, /"cache" was/],
  ])('%s is refused', async (_, make, options, message) => {
    const error = await failureOf((await make()) as ModelSource, options);
    expect(error).toMatchObject({ code: 'invalid-option', message });
  });
});
