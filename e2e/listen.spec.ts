// A student that listens, with Chromium's fake microphone, which plays a file that is written here.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { bundle, collectErrors, expect, test } from './fixtures.ts';
import { linearModel } from './longModel.ts';
import { wavOf } from './wav.ts';

type Listen = typeof import('./pages/listen.ts');

const FAKE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
/** No blobs and no text as script: the worklet comes from a file of the package. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const [HERTZ, RATE, SECONDS, ON] = [1003, 48_000, 2, 0.5];

let folder = '';
let browser: Browser | undefined;
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-listen-'));
  await writeFile(join(folder, 'microphone.wav'), wavOf(tone(), RATE));
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));
test.afterEach(async () => {
  await browser?.close();
  browser = undefined;
});

/** A page with the small entry only. */
async function open(serveDist: (options: object) => Promise<string>, args: readonly string[], isIsolated = false) {
  const script = { type: 'text/javascript', body: await bundle('pages/listen.ts') };
  const headers = (): Record<string, string> => ({ 'Content-Security-Policy': POLICY });
  const url = await serveDist({ isIsolated, headers, extra: { '/listen-page.js': script } });
  browser = await chromium.launch({ executablePath: ensureChromium(), args: [...CHROMIUM_ARGS, ...args] });
  const page = await browser.newPage();
  await page.route('**/ears.onnx', (route) => route.fulfill({ body: ears() }));
  await page.goto(`${url}/empty.html`);
  return { page, errors: collectErrors(page) };
}

test('a student hears the microphone in an AudioWorklet, without isolation or blobs, and lets go of it', async ({
  serveDist,
}) => {
  const { page, errors } = await open(serveDist, [
    ...FAKE,
    `--use-file-for-fake-audio-capture=${join(folder, 'microphone.wav')}`,
  ]);
  const { heard, scores, missed, during, after, isIsolated } = await page.evaluate(
    async (path) => ((await import(path)) as Listen).hear('/ears.onnx', 3),
    '/listen-page.js',
  );
  expect(isIsolated).toBe(false);
  expect(heard.length).toBe(3);
  expect(heard.every(({ score }) => score >= 0.9)).toBe(true);
  // The tone sounds for half a second, and comes again every two.
  for (const i of [1, 2]) {
    const between = (heard[i]?.seconds ?? 0) - (heard[i - 1]?.seconds ?? 0);
    expect(Math.abs(between - SECONDS * Math.round(between / SECONDS))).toBeLessThanOrEqual(ON + 0.1);
    expect(between).toBeGreaterThan(1);
  }
  // Silence is a half for this student.
  expect(scores.some((score) => Math.abs(score - 0.5) < 0.1)).toBe(true);
  expect(missed).toBeGreaterThanOrEqual(0);
  expect([during, after]).toEqual([['live'], ['ended']]);
  expect(errors).toEqual([]);
});

test('it hears a node of the page’s own, and the same in a recording', async ({ serveDist }) => {
  const { page, errors } = await open(serveDist, ['--autoplay-policy=no-user-gesture-required'], true);
  const node = await page.evaluate(
    async (path) => ((await import(path)) as Listen).hearNode('/ears.onnx', 44_100),
    '/listen-page.js',
  );
  expect(node).toMatchObject({ state: 'running', sampleRate: 44_100 });
  expect(node?.score).toBeGreaterThanOrEqual(0.9);
  const samples = Array.from(tone());
  const heard = await page.evaluate(
    async ([path, sound, rate]) => ((await import(path)) as Listen).hearRecording('/ears.onnx', sound, rate),
    ['/listen-page.js', samples, RATE] as const,
  );
  expect(heard.length).toBe(1);
  expect(heard[0]?.seconds).toBeLessThanOrEqual(ON + 0.11);
  expect(errors).toEqual([]);
});

test('a microphone that is refused is a typed error', async ({ serveDist }) => {
  const { page } = await open(serveDist, ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny']);
  const error = await page.evaluate(
    async (path) => ((await import(path)) as Listen).refused('/ears.onnx'),
    '/listen-page.js',
  );
  expect(error).toMatchObject({ code: 'microphone-unavailable', details: { reason: 'refused' } });
});

/** Half a second of a tone, then silence. */
function tone(): Float32Array {
  return Float32Array.from({ length: SECONDS * RATE }, (_, i) =>
    i < ON * RATE ? 0.5 * Math.sin((2 * Math.PI * HERTZ * i) / RATE) : 0,
  );
}

/** A tenth of a second at 16 kHz, of which the second class is as probable as it is like the tone, in one of its phases. */
function ears(): Buffer {
  const length = 1600;
  const weights = new Float32Array(2 * length);
  for (let i = 0; i < length; i++) weights[2 * i + 1] = 0.05 * Math.cos((2 * Math.PI * HERTZ * i) / 16_000);
  return linearModel(length, 2, weights);
}
