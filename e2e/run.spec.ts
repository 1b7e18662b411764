import type { Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { builtEntry, bundle, collectErrors, expect, livingWorkers, test } from './fixtures.ts';

type Maker = typeof import('./pages/runMaker.ts');
type Run = typeof import('./pages/run.ts');

/** The bytes of a bundled student, made once, on a page with the whole package. */
let made: Promise<number[]> | undefined;

async function makeBundle(page: Page, url: string): Promise<number[]> {
  const other = await page.context().newPage();
  await other.goto(`${url}/empty.html`);
  const bytes = await other.evaluate(async (maker) => ((await import(maker)) as Maker).makeBundle(), '/run-maker.js');
  await other.close();
  return bytes;
}

/** A page with the small entry only, which can fetch the student. */
async function open(page: Page, serveDist: Serve, isIsolated: boolean, more: Files = {}) {
  const asked: string[] = [];
  const script = async (file: string) => ({ type: 'text/javascript', body: await bundle(file) });
  const url = await serveDist({
    isIsolated,
    headers: (pathname) => {
      asked.push(pathname);
      return {};
    },
    extra: {
      '/run-maker.js': await script('pages/runMaker.ts'),
      '/run-page.js': await script('pages/run.ts'),
      ...more,
    },
  });
  made ??= makeBundle(page, url);
  const bytes = await made;
  await page.route('**/tiny.limbeck', (route) => route.fulfill({ body: Buffer.from(bytes) }));
  const onnx = Object.entries(unzipSync(Uint8Array.from(bytes))).find(([name]) => name.endsWith('.onnx'))?.[1];
  await page.route('**/tiny.onnx', (route) => route.fulfill({ body: Buffer.from(onnx ?? []) }));
  await page.goto(`${url}/empty.html`);
  asked.length = 0;
  return asked;
}

type Files = Record<string, { type: string; body: string }>;
type Serve = (options: {
  isIsolated: boolean;
  headers: (pathname: string) => Record<string, string>;
  extra: Files;
}) => Promise<string>;

const PAGE = '/run-page.js';

for (const isIsolated of [true, false]) {
  test(`limbeck/run: both engines say the same, ${isIsolated ? 'isolated' : 'not isolated'}`, async ({
    page,
    serveDist,
  }) => {
    const asked = await open(page, serveDist, isIsolated);
    const errors = collectErrors(page);
    const ask = (engine: 'auto' | 'onnxruntime' | 'tfjs') =>
      page.evaluate(async ([from, one]) => ((await import(from)) as Run).ask('/tiny.limbeck', { engine: one }), [
        PAGE,
        engine,
      ] as const);

    const ort = await ask('onnxruntime');
    // Neither tfjs nor the large worker is fetched for it.
    const expected = ['/run-page.js', '/runWorker.js', '/ort.wasm.min.mjs', /ort-wasm-simd-threaded\.(mjs|wasm)$/];
    const isExpected = (path: string) =>
      expected.some((one) => (typeof one === 'string' ? one === path : one.test(path)));
    expect(asked.filter((path) => !isExpected(path) && path !== '/empty.html')).toEqual([]);
    expect(asked).toContain('/runWorker.js');
    expect(ort.description).toMatchObject({ name: 'tiny', engine: 'onnxruntime', labels: ['left', 'middle', 'right'] });
    if (!isIsolated) expect(ort.description).toMatchObject({ threads: 1 });
    expect(ort.isSteady).toBe(true);
    expect(ort.logits).toHaveLength(12);
    expect(ort.labels).toHaveLength(4);
    const sums = [0, 1, 2, 3].map((row) => ort.probabilities.slice(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0));
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);

    const tfjs = await ask('tfjs');
    expect(tfjs.description.engine).toBe('tfjs');
    for (const [i, logit] of tfjs.logits.entries()) expect(ort.logits[i]).toBeCloseTo(logit, 4);
    expect(tfjs.labels).toEqual(ort.labels);
    expect(tfjs.isSteady).toBe(true);

    // Each has ended with its worker, whichever is the slower.
    const auto = await ask('auto');
    expect(auto.description.why).toMatch(/ms in onnxruntime and .* ms in tfjs here/);
    for (const [i, logit] of tfjs.logits.entries()) expect(auto.logits[i]).toBeCloseTo(logit, 4);

    await expect.poll(() => livingWorkers(page)).toBe(0);
    expect(errors).toEqual([]);
  });
}

test('limbeck/run answers without a network once it is loaded', async ({ page, context, serveDist }) => {
  await open(page, serveDist, true);
  await page.exposeFunction('cutOff', () => context.setOffline(true));
  const logits = await page.evaluate(
    async (from) =>
      ((await import(from)) as Run).askOffline(
        '/tiny.limbeck',
        (window as unknown as { cutOff(): Promise<void> }).cutOff,
      ),
    PAGE,
  );
  expect(logits).toHaveLength(12);
  expect(logits.every(Number.isFinite)).toBe(true);
});

for (const engine of ['onnxruntime', 'tfjs'] as const) {
  test(`limbeck/run tells when its worker died: ${engine}`, async ({ page, serveDist }) => {
    await open(page, serveDist, true);
    const code = await page.evaluate(
      async ([from, one]) => ((await import(from)) as Run).loseWorker('/tiny.limbeck', one),
      [PAGE, engine] as const,
    );
    expect(code).toBe('worker-died');
  });
}

for (const [engine, file] of [
  ['onnxruntime', 'runWorker.js'],
  ['tfjs', 'worker.js'],
] as const) {
  test(`limbeck/run refuses the worker of something else by name: ${engine}`, async ({ page, serveDist }) => {
    await open(page, serveDist, true);
    const error = await page.evaluate(
      async ([from, one]) => ((await import(from)) as Run).askOtherWorker('/tiny.limbeck', one),
      [PAGE, engine] as const,
    );
    expect(error).toMatchObject({ name: 'LimbeckError', code: 'invalid-option' });
    expect(error).toMatchObject({ message: expect.stringContaining(`dist/${file}`) });
    await expect.poll(() => livingWorkers(page)).toBe(0);
  });
}

test('limbeck/run fetches its small worker, and what reads a bundle only for one', async ({ page, serveDist }) => {
  const built = await builtEntry('run');
  const parts = Object.fromEntries(built.map(({ path, text }) => [path, { type: 'text/javascript', body: text }]));
  await open(page, serveDist, true, parts);
  const fetched = new Set<string>();
  page.on('request', (request) => fetched.add(new URL(request.url()).pathname));
  const scriptsFor = async (file: string) => {
    await page.reload();
    fetched.clear();
    await page.evaluate(
      async ([from, address]) => {
        const { loadStudent } = (await import(from)) as typeof import('limbeck/run');
        const student = await loadStudent(address, { engine: 'onnxruntime' });
        await student.predict({ data: new Float32Array(6), shape: [1, 6] });
        await student[Symbol.asyncDispose]();
      },
      ['/own-run.js', file] as const,
    );
    return [...fetched].filter((path) => path.endsWith('.js'));
  };
  const forOnnx = await scriptsFor('/tiny.onnx');
  const forBundle = await scriptsFor('/tiny.limbeck');
  expect(forOnnx).toEqual(expect.arrayContaining(['/own-run.js', '/runWorker.js']));
  expect(forOnnx).not.toContain('/worker.js');
  const more = forBundle.filter((path) => !forOnnx.includes(path));
  expect(more.length).toBeGreaterThan(0);
  expect(forBundle).not.toContain('/worker.js');
});

test('limbeck/run goes on with a download that a reload cut off, and has it without a server then', async ({
  page,
  context,
  serveDist,
}) => {
  const student = '/demo/models/ch_PP-OCRv4_rec_infer.onnx';
  await open(page, serveDist, true);
  const ranges: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith(student)) ranges.push(request.headers().range);
  });
  const keep = () =>
    page.evaluate(async ([from, one]) => ((await import(from)) as Run).keep(one), [PAGE, student] as const);
  const parts = () => page.evaluate(async (from) => ((await import(from)) as Run).parts(), PAGE);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const slow = { offline: false, latency: 0, downloadThroughput: 2e6, uploadThroughput: -1 };
  await session.send('Network.emulateNetworkConditions', slow);
  const cutOff = keep().catch(() => 'cut off');
  // Its head and the first part of 4 MB.
  await expect.poll(parts, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
  await page.reload();
  expect(await cutOff).toBe('cut off');
  await session.send('Network.emulateNetworkConditions', { ...slow, downloadThroughput: -1 });
  const first = await keep();
  expect(first.bytes).toBeGreaterThan(10e6);
  expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=(4194304|8388608)-$/)]);
  expect(await parts()).toBe(0);
  await page.route(`**${student}`, (route) => route.abort());
  const offline = await keep();
  expect(offline.bytes).toBe(first.bytes);
  expect(offline.notices).toContainEqual(expect.stringMatching(/is the cached copy of \d{4}-\d\d-\d\d/));
});
