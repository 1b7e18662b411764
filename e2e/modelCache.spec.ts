import { bundle, callsOf, expect, test } from './fixtures.ts';

type PageModule = typeof import('./pages/modelCache.ts');

const TEACHER = '/demo/models/ch_PP-OCRv4_rec_infer.onnx';

/** One field of the format: a number's, or one of bytes with their length; all of it is ASCII, as the server wants it. */
const bytesField = (field: number, body: string) => String.fromCharCode(field * 8 + 2, body.length) + body;
const pair = (key: string, value: string) => bytesField(13, bytesField(1, key) + bytesField(2, value));
const place = pair('location', 'w.bin') + pair('offset', '0') + pair('length', '4');
const tensor = `\x08\x04\x10\x02${bytesField(8, 'w')}${place}\x70\x01`;
const SPLIT_MODEL = `\x08\x08${bytesField(7, bytesField(2, 'g') + bytesField(5, tensor))}`;

const call = callsOf<PageModule>('/model-cache.js');

test('a model is kept in OPFS, comes back offline after a reload, is listed and deleted', async ({
  page,
  context,
  serveDist,
}) => {
  const octets = 'application/octet-stream';
  const url = await serveDist({
    headers: (pathname): Record<string, string> => (pathname.startsWith('/split/') ? { ETag: `"${pathname}"` } : {}),
    extra: {
      '/model-cache.js': { type: 'text/javascript', body: await bundle('pages/modelCache.ts') },
      '/split/a.onnx': { type: octets, body: SPLIT_MODEL },
      '/split/w.bin': { type: octets, body: 'abcd' },
      '/page.onnx': { type: 'text/html', body: '<!doctype html>' },
    },
  });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${url}/empty.html`);

  const teacher = await call(page, 'load', TEACHER);
  expect(teacher.bytes).toBeGreaterThan(10e6);
  expect(teacher.last).toEqual([teacher.bytes, teacher.bytes]);
  expect(teacher.quotaBytes).toBeGreaterThan(0);
  // Headless Chromium promises no page to keep its storage.
  expect(teacher.notices).toEqual([expect.stringMatching(/^The browser may clear/)]);
  const split = await call(page, 'load', '/split/a.onnx');
  expect(split).toMatchObject({ name: 'a.onnx', bytes: SPLIT_MODEL.length, files: ['abcd'], notices: [] });
  await expect(call(page, 'load', '/page.onnx')).rejects.toThrow(/a web page \(text\/html\)/);
  await expect(call(page, 'load', '/nothing.onnx')).rejects.toThrow(/404 Not Found/);

  await page.reload();
  expect(await call(page, 'load', '/split/a.onnx')).toMatchObject({ files: ['abcd'], notices: [] });
  const kept = await call(page, 'list');
  expect(kept.models.map(({ name }) => name)).toEqual(['a.onnx', 'ch_PP-OCRv4_rec_infer.onnx']);

  await context.setOffline(true);
  const offline = await call(page, 'load', TEACHER);
  expect(offline).toMatchObject({ bytes: teacher.bytes, integrity: teacher.integrity, last: teacher.last });
  expect(offline.notices).toEqual([expect.stringMatching(/is the cached copy of \d{4}-\d\d-\d\d.*Failed to fetch/)]);
  asked.length = 0;
  expect(await call(page, 'load', TEACHER, { integrity: teacher.integrity })).toMatchObject({ notices: [] });
  expect(asked).toEqual([]);
  expect((await call(page, 'load', '/split/a.onnx')).files).toEqual(['abcd']);
  await expect(call(page, 'load', '/split/other.onnx')).rejects.toThrow(/Failed to fetch/);
  await context.setOffline(false);

  const { models, totalBytes } = await call(page, 'list');
  expect(models).toEqual([
    expect.objectContaining({ name: 'a.onnx', bytes: SPLIT_MODEL.length + 4, urls: [`${url}/split/a.onnx`] }),
    expect.objectContaining({ bytes: teacher.bytes, urls: [url + TEACHER], isRecent: true }),
  ]);
  expect(totalBytes).toBe(teacher.bytes + SPLIT_MODEL.length + 4);
  const after = await call(page, 'list', models[1]?.hash);
  expect(after).toEqual({ models: [models[0]], totalBytes: SPLIT_MODEL.length + 4 });
  expect(await call(page, 'list', models[0]?.hash)).toEqual({ models: [], totalBytes: 0 });
});

test('another origin needs no leave for conditions, and is not read again', async ({ page, serveDist }) => {
  const script = { type: 'text/javascript', body: await bundle('pages/modelCache.ts') };
  const url = await serveDist({ extra: { '/model-cache.js': script } });
  const closed = await serveDist();
  const open = await serveDist({ headers: () => ({ 'Access-Control-Allow-Origin': '*' }) });
  await page.goto(`${url}/empty.html`);
  await expect(call(page, 'load', closed + TEACHER)).rejects.toThrow(/Access-Control-Allow-Origin/);
  const first = await call(page, 'load', open + TEACHER);
  const methods: string[] = [];
  page.on('request', (request) => methods.push(request.method()));
  const second = await call(page, 'load', open + TEACHER);
  expect(second).toMatchObject({ bytes: first.bytes, integrity: first.integrity, notices: [] });
  expect(methods).toEqual(['GET']);
});

test('a download that a reload cut off goes on where it was', async ({ page, context, serveDist }) => {
  const url = await serveDist({
    extra: { '/model-cache.js': { type: 'text/javascript', body: await bundle('pages/modelCache.ts') } },
  });
  const ranges: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url() === url + TEACHER) ranges.push(request.headers().range);
  });
  await page.goto(`${url}/empty.html`);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const slow = { offline: false, latency: 0, downloadThroughput: 2e6, uploadThroughput: -1 };
  await session.send('Network.emulateNetworkConditions', slow);
  const cutOff = call(page, 'load', TEACHER).catch(() => 'cut off');
  // Its head and the first part of 4 MB.
  await expect.poll(() => call(page, 'parts'), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
  await page.reload();
  expect(await cutOff).toBe('cut off');
  await session.send('Network.emulateNetworkConditions', { ...slow, downloadThroughput: -1 });
  const loaded = await call(page, 'load', TEACHER);
  expect(loaded.bytes).toBeGreaterThan(10e6);
  expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=(4194304|8388608)-$/)]);
  expect(await call(page, 'parts')).toBe(0);
  expect(await call(page, 'load', TEACHER, { integrity: loaded.integrity })).toMatchObject({ bytes: loaded.bytes });
});
