import type { Browser, BrowserContext, Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { bundle, callsOf, collectErrors, expect, livingWorkers, test } from './fixtures.ts';
import { kill } from './kill.ts';

type Maker = typeof import('./pages/runMaker.ts');
type Tab = typeof import('./pages/sharedStudent.ts');

const PAGE = '/shared-student.js';

const call = callsOf<Tab>(PAGE);

type Serve = (options: {
  isIsolated?: boolean;
  headers?: (pathname: string) => Record<string, string>;
  extra: Record<string, { type: string; body: string }>;
}) => Promise<string>;

/** Ends what runs in shared workers, as a death does: nobody is told. */
async function endSharedWorkers(context: BrowserContext): Promise<void> {
  const session = await (context.browser() as Browser).newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets');
  const workers = targetInfos.filter(({ type }) => type === 'shared_worker');
  expect(workers.length).toBeGreaterThan(0);
  for (const { targetId } of workers) await session.send('Target.closeTarget', { targetId });
}

/** The ONNX form of a bundle. */
function onnxOf(bytes: readonly number[]): Uint8Array {
  const files = Object.entries(unzipSync(Uint8Array.from(bytes)));
  return files.find(([name]) => name.endsWith('.onnx'))?.[1] ?? new Uint8Array();
}

/** The bytes of two bundles, made once. */
let made: Promise<readonly (readonly number[])[]> | undefined;

async function makeBundles(context: BrowserContext, url: string) {
  const page = await context.newPage();
  await page.goto(`${url}/empty.html`);
  const bundles = await page.evaluate(async (from) => {
    const { makeBundle } = (await import(from)) as Maker;
    return [await makeBundle(1), await makeBundle(2)];
  }, '/run-maker.js');
  await page.close();
  return bundles;
}

/** A site whose pages load a student for all tabs; `open` opens a tab of it, with these headers. */
async function site(context: BrowserContext, serveDist: Serve, headers: Record<string, string> = {}) {
  const asked: string[] = [];
  const script = async (file: string) => ({ type: 'text/javascript', body: await bundle(file) });
  const url = await serveDist({
    headers: (pathname) => {
      asked.push(pathname);
      return pathname === '/tab.html' ? headers : {};
    },
    extra: {
      '/tab.html': { type: 'text/html', body: '<!doctype html><title>tab</title><link rel="icon" href="data:,">' },
      '/run-maker.js': await script('pages/runMaker.ts'),
      [PAGE]: await script('pages/sharedStudent.ts'),
    },
  });
  made ??= makeBundles(context, url);
  const [tiny = [], other = []] = await made;
  const files = { 'tiny.limbeck': tiny, 'tiny.onnx': onnxOf(tiny), 'other.onnx': onnxOf(other) };
  for (const [file, body] of Object.entries(files)) {
    await context.route(`**/${file}`, (route) => route.fulfill({ body: Buffer.from(body) }));
  }
  asked.length = 0;
  const open = async () => {
    const page = await context.newPage();
    await page.goto(`${url}/tab.html`);
    return page;
  };
  return { asked, open };
}

for (const engine of ['onnxruntime', 'tfjs'] as const) {
  test(`two tabs ask one model, each leaves by itself, and it ends with the last: ${engine}`, async ({
    context,
    serveDist,
  }) => {
    const { asked, open } = await site(context, serveDist);
    const [one, two, observer] = [await open(), await open(), await open()];
    const errors = [one, two].map(collectErrors);
    const [first, second] = await Promise.all([one, two].map((tab) => call(tab, 'load', '/tiny.limbeck', { engine })));
    expect(first).toMatchObject({ engine, isShared: true, threads: 1 });
    expect(second).toEqual(first);
    expect(await livingWorkers(observer)).toBe(1);
    expect(asked.filter((path) => /\/(w|runW)orker\.js$/.test(path))).toHaveLength(1);
    const answer = await call(one, 'ask');
    expect(answer).toHaveLength(12);
    expect(await call(two, 'ask')).toEqual(answer);

    await one.close();
    expect(await call(two, 'ask')).toEqual(answer);
    const three = await open();
    await call(three, 'load', '/tiny.limbeck', { engine });
    expect(await livingWorkers(observer)).toBe(1);
    await call(two, 'dispose');
    expect(await call(three, 'ask')).toEqual(answer);
    await call(three, 'dispose');
    await expect.poll(() => livingWorkers(observer)).toBe(0);

    await call(two, 'load', '/tiny.limbeck', { engine });
    expect(await call(two, 'ask', 1)).toEqual(answer);
    await two.close();
    await expect.poll(() => livingWorkers(observer)).toBe(0);
    expect(errors).toEqual([[], []]);
  });
}

for (const crashes of ['the tab that opened it', 'a tab that joined it'] as const) {
  test(`a crash is noticed: ${crashes}`, async ({ context, serveDist }) => {
    const { open } = await site(context, serveDist);
    const [one, two, observer] = [await open(), await open(), await open()];
    await call(one, 'load', '/tiny.onnx');
    await call(two, 'load', '/tiny.onnx');
    const answer = await call(two, 'ask');
    const [dies, lives] = crashes === 'a tab that joined it' ? [two, one] : [one, two];
    await kill(dies, 'crash');
    expect(await call(lives, 'ask')).toEqual(answer);
    expect(await livingWorkers(observer)).toBe(1);
    await call(lives, 'dispose');
    await expect.poll(() => livingWorkers(observer)).toBe(0);
  });
}

test('where the shared worker dies, the tabs join anew, and a call under way is answered', async ({
  context,
  serveDist,
}) => {
  const { open } = await site(context, serveDist);
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await call(tab, 'load', '/tiny.onnx');
  const answer = await call(tabs[0], 'ask');
  await endSharedWorkers(context);
  await expect.poll(() => livingWorkers(tabs[0])).toBe(0);
  expect(await Promise.all(tabs.map((tab) => call(tab, 'ask')))).toEqual([answer, answer]);
  expect(await livingWorkers(tabs[0])).toBe(1);
  // Of another version there is no answer: a call under way would be answered by the wrong student.
  await context.route('**/tiny.onnx', (route) => route.fulfill({ status: 404 }));
  await endSharedWorkers(context);
  await expect(call(tabs[0], 'ask')).rejects.toThrow(/worker died/);
});

test('replace puts another student in the place of this tab’s only', async ({ context, serveDist }) => {
  const { open } = await site(context, serveDist);
  const [one, two] = [await open(), await open()];
  for (const tab of [one, two]) await call(tab, 'load', '/tiny.limbeck', { engine: 'onnxruntime' });
  const [before, other] = [await call(one, 'ask'), await call(one, 'load', '/other.onnx')];
  expect(other.isShared).toBe(true);
  const after = await call(one, 'ask', 1);
  expect(after).not.toEqual(before);
  await call(one, 'dispose', 1);
  await call(one, 'replace', '/other.onnx');
  expect(await call(one, 'ask')).toEqual(after);
  expect(await call(two, 'ask')).toEqual(before);
  expect(await livingWorkers(two)).toBe(2);
  await call(two, 'replace', '/other.onnx');
  expect(await call(two, 'ask')).toEqual(after);
  await expect.poll(() => livingWorkers(two)).toBe(1);
});

test('a worker of its own, with a notice, where the browser has no SharedWorker', async ({ context, serveDist }) => {
  const { open } = await site(context, serveDist);
  await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'));
  const [one, two] = [await open(), await open()];
  const descriptions = [await call(one, 'load', '/tiny.onnx'), await call(two, 'load', '/tiny.onnx')];
  for (const { isShared, notices } of descriptions) {
    expect(isShared).toBe(false);
    expect(notices.at(-1)).toMatch(/"tiny" has a worker of its own .* starts no SharedWorker/);
  }
  expect(await call(two, 'ask')).toEqual(await call(one, 'ask'));
  expect(await livingWorkers(one)).toBe(2);
});

test('under a strict policy the shared worker starts; where none may, the error is that of a worker', async ({
  context,
  serveDist,
}) => {
  const strict =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types limbeck";
  const allowed = await (await site(context, serveDist, { 'Content-Security-Policy': strict })).open();
  expect(await call(allowed, 'load', '/tiny.onnx')).toMatchObject({ isShared: true });
  expect(await call(allowed, 'ask')).toHaveLength(12);
  const none = { 'Content-Security-Policy': "worker-src 'none'" };
  const forbidden = await (await site(context, serveDist, none)).open();
  await expect(call(forbidden, 'load', '/tiny.onnx')).rejects.toThrow(/worker did not start/);
});

test('tabs that come and go in any order always get an answer', async ({ context, serveDist }) => {
  const { open } = await site(context, serveDist);
  const tabs = [await open(), await open(), await open()];
  const times = 8;
  const shared = await Promise.all(tabs.map((tab) => call(tab, 'comeAndGo', '/tiny.onnx', times)));
  expect(shared).toEqual([times, times, times]);
  await expect.poll(() => livingWorkers(tabs[0] as Page)).toBe(0);
});
