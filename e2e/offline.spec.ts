// The demo's service worker: without a network, without headers from the host, with a new build, and with nothing at all.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { serve } from '../scripts/serve.mjs';
import { expect, test } from './fixtures.ts';

type Files = Record<string, { type: string; body: string }>;
type Server = Awaited<ReturnType<typeof serve>>;

const folder = fileURLToPath(new URL('../dist/demo', import.meta.url));
const fileOf = (name: string) => readFile(`${folder}/${name}`, 'utf8');
const script = (body: string) => ({ type: 'text/javascript', body });
const htmlFile = (body: string) => ({ type: 'text/html', body });
const READY = 'open without a network too';

const servers: Server[] = [];
test.afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Serves the built demo; `files` may be changed while it is served. */
async function host(files: Files = {}, isIsolated = false): Promise<Server> {
  const server = await serve(folder, { isIsolated, extra: files });
  servers.push(server);
  return server;
}

const note = (page: Page) => page.locator('#offline');
const isIsolated = (page: Page) => page.evaluate(() => crossOriginIsolated);
const keptKeys = (page: Page) =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => url);
  });

/** How often the page was loaded. */
function countLoads(page: Page): () => number {
  let loads = 0;
  page.on('load', () => loads++);
  return () => loads;
}

/** Opens a page for the first time, which loads twice. A look at it counts as use, and a page in use is not loaded anew. */
async function firstVisit(page: Page, address: string): Promise<() => number> {
  const loads = countLoads(page);
  await page.goto(address);
  await expect.poll(loads, { timeout: 60_000 }).toBe(2);
  return loads;
}

test('a host without headers: one reload isolates the page, and the next pages need none', async ({ page }) => {
  const { url } = await host();
  const loads = await firstVisit(page, `${url}/inspect.html`);
  await expect(note(page)).toContainText(READY);
  expect(await isIsolated(page)).toBe(true);
  expect(loads()).toBe(2);
  await page.goto(`${url}/`);
  await expect(note(page)).toContainText(READY);
  expect(await isIsolated(page)).toBe(true);
  expect(loads()).toBe(3);
});

test('after the first visit every page opens without a server, and a model is read and drawn', async ({ page }) => {
  const server = await host();
  await page.goto(`${server.url}/inspect.html`);
  await expect(note(page)).toContainText(READY);
  // Kept because it was used.
  await page.getByRole('button', { name: 'Open the bundled teacher' }).click();
  await expect(page.locator('#facts')).toContainText('parameters');
  await expect.poll(() => keptKeys(page)).toContainEqual(expect.stringContaining('/models/ch_PP-OCRv4_rec_infer.onnx'));
  await server.close();
  for (const name of ['', 'index.html', 'personal.html', 'inspect.html', 'inspect']) {
    await page.goto(`${server.url}/${name}`);
    await expect(page.locator('#masthead nav')).toBeVisible();
    expect(await isIsolated(page), name).toBe(true);
  }
  await page.getByRole('button', { name: 'Open the bundled teacher' }).click();
  await expect(page.getByRole('listbox', { name: 'Graph of the model' })).toBeVisible();
});

test('a new build is seen at the next load, and what only the old one needs is deleted', async ({ page }) => {
  const files: Files = {};
  const { url } = await host(files);
  await page.goto(`${url}/inspect.html`);
  await expect(note(page)).toContainText(READY);
  const before = await keptKeys(page);
  const oldKey = before.find((key) => key.includes('/inspect.html')) as string;

  const html = (await fileOf('inspect.html')).replace('<h1>', '<h1>New: ');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(html));
  const worker = (await fileOf('sw.js')).replaceAll(
    new URL(oldKey).searchParams.get('sha256') as string,
    Buffer.from(digest).toString('hex'),
  );
  files['/inspect.html'] = htmlFile(html);
  files['/sw.js'] = script(worker);
  await page.reload();
  await expect(page.locator('h1')).toContainText('New: ');
  await expect.poll(() => keptKeys(page)).not.toContain(oldKey);
  expect((await keptKeys(page)).length).toBe(before.length);
});

test('a deployment that is half there leaves the old version at work', async ({ page }) => {
  const files: Files = {};
  const server = await host(files);
  await page.goto(`${server.url}/inspect.html`);
  await expect(note(page)).toContainText(READY);
  const key = (await keptKeys(page)).find((one) => one.includes('/inspect.html')) as string;
  // The list names a file that the server does not have yet.
  files['/sw.js'] = script(
    (await fileOf('sw.js')).replaceAll(new URL(key).searchParams.get('sha256') as string, 'f'.repeat(64)),
  );
  await page.reload();
  const outcome = await page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration()) as ServiceWorkerRegistration;
    await registration.update().catch(() => undefined);
    return new Promise<boolean>((resolve) => {
      const look = () => (registration.installing ? setTimeout(look, 50) : resolve(registration.waiting === null));
      look();
    });
  });
  expect(outcome).toBe(true);
  await server.close();
  await page.reload();
  await expect(page.locator('#masthead nav')).toBeVisible();
});

test('a service worker that cannot isolate is tried once, never in a loop', async ({ page }) => {
  const idle =
    "addEventListener('install', () => skipWaiting()); addEventListener('activate', (e) => e.waitUntil(clients.claim())); addEventListener('message', (e) => e.ports[0]?.postMessage({ missing: 0 }));";
  const { url } = await host({ '/sw.js': script(idle) });
  const loads = await firstVisit(page, `${url}/inspect.html`);
  await expect(note(page)).toContainText('did not take them');
  await page.goto(`${url}/inspect.html?again`);
  await expect(note(page)).toContainText('did not take them');
  expect(loads()).toBe(3);
  expect(await isIsolated(page)).toBe(false);
});

test('a browser without room for the files works from the network, and says so', async ({ page }) => {
  const full = "Cache.prototype.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));";
  const { url } = await host({ '/sw.js': script(full + (await fileOf('sw.js'))) });
  await firstVisit(page, `${url}/inspect.html`);
  await expect(note(page)).toContainText('no room');
  expect(await isIsolated(page)).toBe(true);
  await page.getByRole('button', { name: 'Open the bundled teacher' }).click();
  await expect(page.locator('#facts')).toContainText('parameters');
});

test('a cache that the browser emptied is filled again', async ({ page }) => {
  const { url } = await host();
  await page.goto(`${url}/inspect.html`);
  await expect(note(page)).toContainText(READY);
  const before = (await keptKeys(page)).length;
  expect(before).toBeGreaterThan(10);
  await page.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
  await page.reload();
  await expect(note(page)).toContainText(READY);
  expect((await keptKeys(page)).length).toBe(before);
});

test('without service workers the pages work, on one thread, and say why', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
  const { url } = await host();
  const loads = countLoads(page);
  await page.goto(`${url}/inspect.html`);
  await expect(note(page)).toContainText('has no service workers');
  await expect(note(page)).toContainText('one thread');
  await page.getByRole('button', { name: 'Open the bundled teacher' }).click();
  await expect(page.locator('#facts')).toContainText('parameters');
  expect(loads()).toBe(1);
});

test('a page in use is not reloaded', async ({ page }) => {
  const files: Files = { '/sw.js': script('') };
  const { url } = await host(files);
  const loads = countLoads(page);
  await page.addInitScript(() => {
    const { register } = ServiceWorkerContainer.prototype;
    // The worker comes after the first key.
    ServiceWorkerContainer.prototype.register = async function (...given) {
      await new Promise((resolve) => addEventListener('keydown', resolve, { once: true }));
      return register.apply(this, given);
    };
  });
  files['/sw.js'] = script(await fileOf('sw.js'));
  await page.goto(`${url}/inspect.html`);
  await page.keyboard.press('Tab');
  await expect(note(page)).toContainText('Reload the page once');
  expect(loads()).toBe(1);
});
