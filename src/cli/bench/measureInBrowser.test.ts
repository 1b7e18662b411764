import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { report, row } from '../../bench/cases/reportCases.ts';
import type { Console } from '../openConsole.ts';
import type { ShownRow } from './benchSettings.ts';
import { measureInBrowser } from './measureInBrowser.ts';
import { openRemote } from './remoteBrowser.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-page-'));
mkdirSync(join(folder, 'page'));
writeFileSync(join(folder, 'page/bench.html'), '<!doctype html>');
afterAll(() => rmSync(folder, { recursive: true }));

const console = {
  assetBase: `${pathToFileURL(folder).href}/`,
  readFile: async (path: string) => new TextEncoder().encode(path),
  readBeside: async (file: string, path: string) => new TextEncoder().encode(`${path} beside ${file}`),
} as unknown as Console;

/** What a page does that the command has opened. */
interface Page {
  readonly address: string;
  get(path: string): Promise<Response>;
  tell(message: unknown): Promise<Response>;
}

interface Played {
  readonly rows: ShownRow[];
  readonly closed: number;
  readonly result: Promise<unknown>;
}

/** Measures in a browser that is played. */
async function play(
  work: (page: Page, end: (how: string) => void) => Promise<void>,
  signal = new AbortController().signal,
): Promise<Played> {
  const rows: ShownRow[] = [];
  let closed = 0;
  const settings = {
    modelFile: 'a/model.onnx',
    options: { models: [{ name: 'mlp', onnx: 'a/model.onnx' }], budgetMs: 5000 },
  };
  const measured = measureInBrowser(settings, {
    ...{ console, signal, port: 0 },
    onRow: (one) => rows.push(one),
    open: async (address) => {
      const home = address.replace(/page\/bench\.html\?(\w+)$/, 'bench/$1/');
      let end: (how: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      const page = {
        address,
        get: (path: string) => fetch(`${home}${path}`),
        tell: (message: unknown) =>
          fetch(`${home}tell`, {
            method: 'POST',
            body: typeof message === 'string' ? message : JSON.stringify(message),
          }),
      };
      void work(page, end);
      return { ended, close: async () => void closed++ };
    },
  });
  const result = await measured.catch((error: unknown) => error);
  return { rows, closed, result: Promise.resolve(result) };
}

test('the page is told what to measure, gets the model, and its report comes back', async () => {
  const whole = report([row()]);
  const texts: string[] = [];
  const { rows, closed, result } = await play(async (page) => {
    expect((await fetch(page.address)).status).toBe(200);
    texts.push(await (await page.get('request')).text());
    for (const name of ['model/model.onnx', 'model/weights.bin']) texts.push(await (await page.get(name)).text());
    await page.tell({ type: 'alive' });
    await page.tell({ type: 'row', ...row(), doneFraction: 0.5 });
    await page.tell({ type: 'report', report: whole });
  });
  expect(await result).toEqual(whole);
  expect(JSON.parse(texts[0] ?? '')).toEqual({ models: [{ name: 'mlp', onnx: 'model/model.onnx' }], budgetMs: 5000 });
  expect(texts.slice(1)).toEqual(['a/model.onnx', 'weights.bin beside a/model.onnx']);
  expect(rows).toMatchObject([{ workload: 'inference', backend: 'kernels', medianMs: 2, doneFraction: 0.5 }]);
  expect(closed).toBe(1);
});

describe('an end without a report is an error, and the browser is closed:', () => {
  test.each<[string, (page: Page, end: (how: string) => void) => Promise<unknown>, object]>([
    [
      'the page fails',
      (page) => page.tell({ type: 'failed', code: 'invalid-onnx', message: 'No model.' }),
      { code: 'invalid-onnx', message: 'In the browser: No model.' },
    ],
    [
      'the page fails in a way of its own',
      (page) => page.tell({ type: 'failed', code: '\u001b[2J', message: 5 }),
      { code: 'read-failed', message: 'In the browser: 5' },
    ],
    ['the browser ends', async (_, end) => end('it ended'), { code: 'read-failed', message: 'it ended' }],
    [
      'the report is none',
      (page) => page.tell({ type: 'report', report: { format: 'x' } }),
      { code: 'report-invalid' },
    ],
    ['no JSON comes', (page) => page.tell('{'), { name: 'SyntaxError' }],
  ])('%s', async (_, work, expected) => {
    const { result, closed } = await play(async (page, end) => void (await work(page, end)));
    expect(await result).toMatchObject(expected);
    expect(closed).toBe(1);
  });

  test('it is interrupted', async () => {
    const controller = new AbortController();
    const { result, closed } = await play(async () => controller.abort(), controller.signal);
    expect(await result).toMatchObject({ name: 'AbortError' });
    expect(closed).toBe(1);
  });
});

test('whoever does not know the word gets and says nothing', async () => {
  const statuses: number[] = [];
  const { result } = await play(async (page) => {
    const guess = page.address.replace(/page\/.*$/, `bench/${'0'.repeat(32)}/`);
    statuses.push((await fetch(`${guess}request`)).status);
    statuses.push((await fetch(`${guess}tell`, { method: 'POST', body: '{"type":"failed"}' })).status);
    statuses.push((await page.get('elsewhere')).status);
    await page.tell({ type: 'report', report: report([]) });
  });
  expect(statuses).toEqual([404, 405, 404]);
  expect(await result).toMatchObject({ rows: [] });
});

test('a debugger that does not answer is told, with what to do', async () => {
  await expect(openRemote('http://127.0.0.1:9', 'http://127.0.0.1:1/')).rejects.toMatchObject({
    code: 'read-failed',
    message: expect.stringContaining('adb forward'),
  });
});

test('a page is opened in a browser that listens, and closed again', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(request.url?.startsWith('/json/new') ? '{"id":"A-1"}' : 'closing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = await openRemote(`http://127.0.0.1:${port}`, 'http://127.0.0.1:1/page/bench.html?abc');
  await browser.close();
  server.close();
  expect(asked).toEqual(['PUT /json/new?http://127.0.0.1:1/page/bench.html?abc', 'GET /json/close/A-1']);
});
