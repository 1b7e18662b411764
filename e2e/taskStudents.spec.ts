// The worked examples that take minutes, on their page by hand: each learns to its end, and what learned reads, writes or hears.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { isLong } from '../scripts/isLong.mjs';
import { collectErrors, expect, test } from './fixtures.ts';
import { wavOf } from './wav.ts';

const MINUTES = 60_000;
test.beforeEach(() => {
  test.skip(!isLong, 'A student learns for minutes; LIMBECK_SLOW=1 runs it.');
  test.setTimeout(15 * MINUTES);
});

let browser: Browser | undefined;
test.afterEach(async () => {
  await browser?.close();
  browser = undefined;
});

/** As wide as a phone. */
const PHONE = { width: 390, height: 844 };

async function openTask(page: Page, url: string, title: string): Promise<Locator> {
  await page.setViewportSize(PHONE);
  await page.goto(`${url}/demo/tasks.html`);
  return page.getByRole('region', { name: title, exact: true });
}

/** Teaches to the end: the values of teacher, student and control. */
async function taught(card: Locator): Promise<number[]> {
  await card.getByRole('button', { name: 'Teach it' }).click();
  await expect(card.getByRole('row')).toHaveCount(4, { timeout: 12 * MINUTES });
  return (await card.locator('tbody tr td:first-of-type').allTextContents()).map(Number);
}

/** What teacher and student make of a text. */
async function asked(card: Locator, label: string, text: string): Promise<string[]> {
  await card.getByLabel(label).fill(text);
  await card.getByRole('button', { name: 'Ask both' }).click();
  await expect(card.locator('form section')).toHaveCount(2, { timeout: 2 * MINUTES });
  return await card.locator('form section').allInnerTexts();
}

/** Nothing is wider than the screen of a phone. */
async function expectToFit(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
}

test('a student learns to read lines, and reads one that is typed', async ({ page, serveDist }) => {
  const errors = collectErrors(page);
  const card = await openTask(page, await serveDist(), 'Read a line of text');
  const [teacher = 0, student = 0, control = 1] = await taught(card);
  expect(student).toBeGreaterThan(0.95 * teacher);
  expect(student).toBeGreaterThan(control);
  const [, read = ''] = await asked(card, 'A line to read', 'a large house near the river');
  expect(read).toContain('house');
  await expectToFit(page);
  expect(errors).toEqual([]);
});

test('a student learns to write, and goes on from what is typed', async ({ page, serveDist }) => {
  const errors = collectErrors(page);
  const card = await openTask(page, await serveDist(), 'Write, letter by letter');
  const [teacher = 1, student = 9, control = 0] = await taught(card);
  // Perplexities: lower is better.
  expect(student).toBeLessThan(1.05 * teacher);
  expect(student).toBeLessThan(control);
  const written = await asked(card, 'Go on from', 'a small animal that');
  for (const text of written) expect(text.replace(/\s+/g, ' ')).toMatch(/a small animal that.{5}/);
  await expectToFit(page);
  expect(errors).toEqual([]);
});

test('a student learns a wake word, and hears it in the microphone', async ({ serveDist }) => {
  const url = await serveDist();
  const folder = await mkdtemp(join(tmpdir(), 'limbeck-wake-'));
  try {
    const words = await voicesOf(url);
    await writeFile(join(folder, 'microphone.wav'), wavOf(words, RATE));
    browser = await chromium.launch({
      executablePath: ensureChromium(),
      args: [
        ...CHROMIUM_ARGS,
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-audio-capture=${join(folder, 'microphone.wav')}`,
      ],
    });
    const page = await browser.newPage();
    const errors = collectErrors(page);
    const card = await openTask(page, url, 'Hear a wake word');
    const [, student = 0, control = 1] = await taught(card);
    expect(student).toBeGreaterThan(control);
    // The lines that it tells on its way say so too.
    await expect(card.getByRole('table').getByText('false accepts an hour')).toHaveCount(3);
    await card.getByRole('button', { name: 'Listen' }).click();
    await expect(card.getByRole('progressbar')).toBeVisible();
    await expect(card.getByText(/^Heard after/).first()).toBeVisible({ timeout: 60_000 });
    await card.getByRole('button', { name: 'Stop listening' }).click();
    await expect(card.getByRole('button', { name: 'Listen' })).toBeVisible();
    await expectToFit(page);
    expect(errors).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const RATE = 16_000;

/** Eight voices that nobody learned from say the word, each followed by a pause with a little noise. */
async function voicesOf(url: string): Promise<Float32Array> {
  const { clips } = (await (await fetch(`${url}/demo/data/clips.json`)).json()) as {
    clips: { split: string; kind: string; start: number; length: number }[];
  };
  const all = new Int16Array(await (await fetch(`${url}/demo/data/clips.bin`)).arrayBuffer());
  const said = clips.filter(({ split, kind }) => split === 'development' && kind === 'word').slice(0, 8);
  const sound = new Float32Array(said.length * 2 * RATE);
  for (let i = 0; i < sound.length; i++) sound[i] = 0.002 * Math.sin(i * i);
  for (const [i, { start, length }] of said.entries()) {
    const clip = all.subarray(start, start + Math.min(length, 1.4 * RATE));
    const most = clip.reduce((loudest, x) => Math.max(loudest, Math.abs(x)), 1);
    const noisy = sound.subarray((2 * i + 0.5) * RATE);
    for (const [k, x] of clip.entries()) noisy[k] = (noisy[k] as number) + (0.3 * x) / most;
  }
  return sound;
}
