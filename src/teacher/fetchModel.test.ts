import { afterEach, describe, expect, test, vi } from 'vitest';
import { fetchModel, type ModelSource } from './fetchModel.ts';

afterEach(() => vi.unstubAllGlobals());

const quiet = () => undefined;

/** Answers every fetch with this; what was asked for is kept. */
function answerWith(answer: (input: unknown, init?: RequestInit) => Promise<Response>) {
  const spy = vi.fn(answer);
  vi.stubGlobal('fetch', spy);
  return spy;
}

/** A body that comes in parts, each when the reader asks for it. */
function bodyOf(...parts: readonly (readonly number[])[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const part = parts[next++];
      if (part === undefined) controller.close();
      else controller.enqueue(Uint8Array.from(part));
    },
  });
}

describe('from an address', () => {
  test('gives the bytes, the file’s name, and progress part by part', async () => {
    const asked = answerWith(
      async () => new Response(bodyOf([1, 2], [3], [4, 5]), { headers: { 'content-length': '5' } }),
    );
    const progress: unknown[] = [];
    const model = await fetchModel('https://models.example/a/teacher.onnx?v=2#x', (...told) => progress.push(told));
    expect(model).toEqual({ name: 'teacher.onnx', bytes: Uint8Array.of(1, 2, 3, 4, 5), isOwned: true });
    expect(progress).toEqual([
      [2, 5],
      [3, 5],
      [5, 5],
    ]);
    expect(asked).toHaveBeenCalledOnce();
  });

  test.each([
    ['without a length', {}],
    ['where the length is that of packed bytes', { 'content-length': '3', 'content-encoding': 'gzip' }],
  ])('tells no total %s', async (_, headers: Record<string, string>) => {
    answerWith(async () => new Response(bodyOf([1, 2]), { headers }));
    const progress: unknown[] = [];
    await fetchModel('a.onnx', (...told) => progress.push(told));
    expect(progress).toEqual([[2, undefined]]);
  });

  test('takes a URL and a Request too', async () => {
    const asked = answerWith(async () => new Response(bodyOf([7])));
    const address = 'https://models.example/b.onnx';
    const request = new Request(address, { credentials: 'omit' });
    for (const source of [new URL(address), request]) {
      expect(await fetchModel(source, quiet)).toMatchObject({ name: 'b.onnx', bytes: Uint8Array.of(7) });
    }
    expect(asked.mock.calls.map(([input]) => input)).toEqual([new URL(address), request]);
  });

  test('names a file that the address does not name', async () => {
    answerWith(async () => new Response(bodyOf([7])));
    expect((await fetchModel('https://models.example/', quiet)).name).toBe('model.onnx');
  });

  test('takes an empty body as no bytes', async () => {
    answerWith(async () => new Response(null));
    expect((await fetchModel('a.onnx', quiet)).bytes).toHaveLength(0);
  });

  test('says what the server answered', async () => {
    answerWith(async () => new Response('not here', { status: 404, statusText: 'Not Found' }));
    await expect(fetchModel('/models/a.onnx', quiet)).rejects.toMatchObject({
      code: 'model-unreachable',
      message: 'The model at /models/a.onnx could not be loaded: the server answered 404 Not Found.',
      details: { url: '/models/a.onnx' },
    });
  });

  test('says why there was no answer, or only half of one', async () => {
    const fault = new TypeError('Failed to fetch');
    answerWith(async () => Promise.reject(fault));
    await expect(fetchModel('a.onnx', quiet)).rejects.toMatchObject({ code: 'model-unreachable', cause: fault });
    const torn = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new TypeError('the connection was lost')),
    });
    answerWith(async () => new Response(torn));
    await expect(fetchModel('a.onnx', quiet)).rejects.toMatchObject({
      code: 'model-unreachable',
      message: 'The model at a.onnx could not be loaded: the connection was lost.',
    });
  });

  test('stops between two parts when it is cancelled, and lets the rest go', async () => {
    const controller = new AbortController();
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(Uint8Array.of(1)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const asked = answerWith(async () => new Response(endless));
    const loading = fetchModel(
      'a.onnx',
      (loadedBytes) => loadedBytes === 3 && controller.abort(new Error('changed my mind')),
      controller.signal,
    );
    await expect(loading).rejects.toMatchObject({
      name: 'AbortError',
      message: 'The run was cancelled: changed my mind.',
    });
    expect(isCancelled).toBe(true);
    expect(asked.mock.calls[0]?.[1]).toEqual({ signal: controller.signal });
  });

  test('a download that the platform stops is a cancelled one too', async () => {
    const controller = new AbortController();
    answerWith(async () => {
      controller.abort();
      throw controller.signal.reason;
    });
    await expect(fetchModel('a.onnx', quiet, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('from memory', () => {
  test('takes bytes as they are, and leaves them to their owner', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const model = await fetchModel(bytes, quiet);
    expect(model).toEqual({ name: 'model.onnx', bytes, isOwned: false });
    expect(model.bytes).toBe(bytes);
    const buffer = Uint8Array.of(4, 5).buffer;
    expect(await fetchModel(buffer, quiet)).toEqual({
      name: 'model.onnx',
      bytes: Uint8Array.of(4, 5),
      isOwned: false,
    });
  });

  test.each<[string, ModelSource, string]>([
    ['a Blob', new Blob([Uint8Array.of(1, 2, 3)]), 'model.onnx'],
    ['a File', new File([Uint8Array.of(1, 2, 3)], 'mine.onnx'), 'mine.onnx'],
  ])('reads %s with progress', async (_, source, name) => {
    const progress: unknown[] = [];
    const model = await fetchModel(source, (...told) => progress.push(told));
    expect(model).toEqual({ name, bytes: Uint8Array.of(1, 2, 3), isOwned: true });
    expect(progress).toEqual([[3, 3]]);
  });

  test('stops reading a Blob when it is cancelled', async () => {
    await expect(fetchModel(new Blob(['a']), quiet, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
