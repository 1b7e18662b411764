import { beforeEach, describe, expect, test, vi } from 'vitest';
import { addressOf } from './address.ts';
import { type DownloadOptions, download } from './download.ts';
import { requestFile } from './requestFile.ts';
import { type Handler, serverForEach } from './serverCases.ts';

const server = serverForEach();
const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
const other = bytes.map((byte) => 255 - byte);

/** Downloads without waiting between tries. */
async function load(path = '/a', options: Partial<DownloadOptions> = {}) {
  const address = addressOf(server.url + path);
  const response = await requestFile(address, address, options.signal);
  const settings = { onProgress: () => undefined, waitsMs: [0, 0, 0], ...options };
  return download(address, address, response, settings);
}

interface Served {
  readonly file?: Uint8Array;
  readonly headers?: Record<string, string>;
  /** Each response breaks after so many bytes; the last one counts for all that follow. */
  readonly breaks: readonly number[];
  /** Changes what a ranged request is answered. */
  readonly answer?: (from: number) => { status: number; headers: Record<string, string>; body: Uint8Array } | undefined;
}

/** A server that knows ranges and whose connections break. */
function breaking({ file = bytes, headers = { etag: '"v1"' }, breaks, answer }: Served): Handler {
  let asked = 0;
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isRanged = request.headers.range !== undefined;
    const given = isRanged ? answer?.(from) : undefined;
    const body = given?.body ?? file.subarray(from);
    const length = breaks[Math.min(asked++, breaks.length - 1)] ?? body.length;
    const place = isRanged ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {};
    response.writeHead(given?.status ?? (isRanged ? 206 : 200), {
      'content-length': body.length,
      ...headers,
      ...(given?.headers ?? place),
    });
    if (length >= body.length) response.end(body);
    else response.write(body.subarray(0, length), () => setTimeout(() => response.destroy(), 20));
  };
}

const rangesAsked = () => server.requests.map(({ headers }) => headers.range);

describe('a connection that breaks', () => {
  test('is taken up where it broke, and the version is named', async () => {
    server.on('/a', breaking({ breaks: [1000, 1500, 3000] }));
    const resumed = vi.fn();
    const progress: number[] = [];
    const result = await load('/a', { onResumed: resumed, onProgress: (loaded) => progress.push(loaded) });
    expect(result.bytes).toEqual(bytes);
    expect(rangesAsked()).toEqual([undefined, 'bytes=1000-', 'bytes=2500-']);
    expect(server.requests[1]?.headers['if-range']).toBe('"v1"');
    expect(resumed.mock.calls).toEqual([[1000], [2500]]);
    expect(progress.at(-1)).toBe(3000);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('is taken up by the date where there is no ETag', async () => {
    const date = 'Tue, 24 Nov 2026 10:00:00 GMT';
    server.on('/a', breaking({ breaks: [1000, 3000], headers: { 'last-modified': date } }));
    expect((await load()).bytes).toEqual(bytes);
    expect(server.requests[1]?.headers['if-range']).toBe(date);
  });

  test('is given up after the tries without progress, with the error of the connection', async () => {
    server.on('/a', breaking({ breaks: [1000, 0] }));
    await expect(load()).rejects.toMatchObject({ code: 'model-unreachable' });
    expect(server.asked).toHaveLength(1 + 3);
  });

  test.each([
    ['that has no version', { 'accept-ranges': 'bytes' }],
    ['whose ETag is weak', { etag: 'W/"v1"' }],
    ['that knows no ranges', { etag: '"v1"', 'accept-ranges': 'none' }],
  ])('of a file %s is not taken up', async (_, headers: Record<string, string>) => {
    server.on('/a', breaking({ breaks: [1000], headers }));
    await expect(load()).rejects.toMatchObject({ code: 'model-unreachable' });
    expect(server.asked).toHaveLength(1);
  });

  test('can be cancelled while it waits', async () => {
    server.on('/a', breaking({ breaks: [1000] }));
    const stop = new AbortController();
    const loading = load('/a', { signal: stop.signal, waitsMs: [60_000] });
    setTimeout(() => stop.abort(), 100);
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.asked).toHaveLength(1);
  });
});

describe('the rest of', () => {
  beforeEach(() => vi.unstubAllGlobals());

  test('a file that changed meanwhile is not joined to it: the new file is loaded whole', async () => {
    const whole = { status: 200, headers: { etag: '"v2"' }, body: other };
    server.on('/a', breaking({ breaks: [1000, 3000], answer: () => whole }));
    expect(await load()).toMatchObject({ bytes: other, etag: '"v2"', isWhole: true });
  });

  test.each([
    ['another version', { etag: '"v2"', 'content-range': 'bytes 1000-2999/3000' }],
    ['another place', { 'content-range': 'bytes 900-2999/3000' }],
    ['another length', { 'content-range': 'bytes 1000-2999/4000' }],
    ['a place that is not told', {}],
    ['compressed bytes', { 'content-encoding': 'gzip', 'content-range': 'bytes 1000-2999/3000' }],
  ])('%s is refused', async (_, headers) => {
    const answer = (from: number) => ({
      status: 206,
      headers: headers as Record<string, string>,
      body: bytes.subarray(from),
    });
    server.on('/a', breaking({ breaks: [1000, 3000], answer }));
    await expect(load()).rejects.toMatchObject({ code: 'model-unreachable' });
  });

  test('a file on another origin is asked for without "If-Range", and only by a strong ETag', async () => {
    vi.stubGlobal('location', { origin: 'https://page.example', href: 'https://page.example/' });
    server.on('/a', breaking({ breaks: [1000, 3000] }));
    expect((await load()).bytes).toEqual(bytes);
    expect(server.requests[1]?.headers['if-range']).toBeUndefined();
    server.on('/b', breaking({ breaks: [1000, 3000], headers: { 'last-modified': 'Tue, 24 Nov 2026 10:00:00 GMT' } }));
    await expect(load('/b')).rejects.toMatchObject({ code: 'model-unreachable' });
  });
});
