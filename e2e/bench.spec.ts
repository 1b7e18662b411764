import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { bundle, expect, test } from './fixtures.ts';

type Bench = typeof import('./pages/bench.ts');
type Serve = (options: {
  isIsolated: boolean;
  extra: Record<string, { type: string; body: string }>;
}) => Promise<string>;

const SCRIPT = '/bench.js';
const file = fileURLToPath(new URL('../src/student/golden/fromOnnx/mlp.onnx', import.meta.url));

async function open(page: Page, serveDist: Serve, isIsolated = true) {
  const extra = {
    [SCRIPT]: { type: 'text/javascript', body: await bundle('pages/bench.ts') },
    // What the server writes may be bytes as well.
    '/mlp.onnx': { type: 'application/octet-stream', body: readFileSync(file) as unknown as string },
  };
  await page.goto(`${await serveDist({ isIsolated, extra })}/empty.html`);
}

/** A worker that was ended lets its lock go a moment later. */
async function expectNoWorkers(page: Page): Promise<void> {
  const living = () => page.evaluate(async (script) => ((await import(script)) as Bench).livingWorkers(), SCRIPT);
  await expect.poll(living).toBe(0);
}

test('a file and a student are measured by each workload, and each backend is right or says why it is not there', async ({
  page,
  serveDist,
}) => {
  test.skip(
    !isLong,
    'The page of the benchmark measures too, and unit tests try each workload; LIMBECK_SLOW=1 runs it.',
  );
  await open(page, serveDist);
  const { rows, isIsolated } = await page.evaluate(
    async (script) => ((await import(script)) as Bench).measure(),
    SCRIPT,
  );
  expect(isIsolated).toBe(true);
  await expectNoWorkers(page);
  const own = ['kernels:1', 'kernels:2', 'tfjs-cpu:1'];
  const right = (model: string, workload: string, backends: readonly string[]) =>
    backends.map((backend) => `${model} ${workload} ${backend}`);
  const stock = ['tfjs-wasm:1', 'tfjs-wasm:2'];
  const all = ['onnxruntime-wasm:1', ...own, ...stock];
  const asked = ['onnxruntime-wasm:1', 'kernels:1', 'kernels:2'];
  // On a busy machine a long pass may not fit; what it gives was judged before.
  const isJudged = (row: { isRight: boolean; skipped?: string }) =>
    row.isRight || /share of the budget/.test(row.skipped ?? '');
  expect(rows.filter(isJudged).map(({ row }) => row)).toEqual([
    ...['inference', 'cold-start', 'memory'].flatMap((workload) => right('file', workload, asked)),
    ...right('student', 'inference', all),
    ...['train-step', 'distillation-step'].flatMap((workload) => right('student', workload, [...own, ...stock])),
    ...right('student', 'personalization', own),
    ...['cold-start', 'memory'].flatMap((workload) => right('student', workload, all)),
  ]);
  for (const { row, isRight, medianMs, skipped } of rows) {
    if (isRight) expect(medianMs, row).toBeGreaterThan(0);
    else
      expect(skipped, row).toMatch(
        /does not train|tfjs runs students only|personalizes on its kernels|share of the budget/,
      );
  }
});

test('backends that are wrong, stale, throw or hang cost their own rows only', async ({ page, serveDist }) => {
  test.skip(!isLong, 'It waits half a minute for what hangs, and unit tests have the rest; LIMBECK_SLOW=1 runs it.');
  await open(page, serveDist);
  const { rows } = await page.evaluate(async (script) => ((await import(script)) as Bench).misbehave(), SCRIPT);
  expect(rows.map(({ row, isRight }) => `${row} ${isRight}`)).toEqual([
    'file inference onnxruntime-wasm:1 true',
    ...['wrong', 'not-a-number', 'stale', 'throws', 'hangs'].map((name) => `file inference ${name}:1 false`),
  ]);
  const reasons = [/wrong numbers/, /no numbers/, /another input/, /It broke/, /was ended/];
  for (const [i, reason] of reasons.entries()) expect(rows[i + 1]?.skipped).toMatch(reason);
  await expectNoWorkers(page);
});

test('a cancelled benchmark ends its workers', async ({ page, serveDist }) => {
  await open(page, serveDist);
  const name = await page.evaluate(async (script) => ((await import(script)) as Bench).cancel(), SCRIPT);
  expect(name).toBe('AbortError');
  await expectNoWorkers(page);
});

test('without isolation everything runs on one thread, and two are refused with the reason', async ({
  page,
  serveDist,
}) => {
  test.skip(!isLong, 'It measures for twenty seconds; LIMBECK_SLOW=1 runs it.');
  await open(page, serveDist, false);
  const { rows, isIsolated } = await page.evaluate(
    async (script) => ((await import(script)) as Bench).measure(),
    SCRIPT,
  );
  expect(isIsolated).toBe(false);
  const inference = rows.filter(({ row }) => row.startsWith('file inference'));
  expect(inference.map(({ row, isRight, skipped = '' }) => [row, isRight, skipped.slice(0, 38)])).toEqual([
    ['file inference onnxruntime-wasm:1', true, ''],
    ['file inference kernels:1', true, ''],
    ['file inference kernels:2', false, 'The page is not cross-origin isolated,'],
    ...['tfjs-cpu:1', 'tfjs-wasm:1', 'tfjs-wasm:2'].map((backend) => [
      `file inference ${backend}`,
      false,
      '"file" is an ONNX file, and tfjs runs ',
    ]),
  ]);
  expect(inference[1]?.notices.join()).toContain('cross-origin isolated');
});
