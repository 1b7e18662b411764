import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { collectErrors, expect, runDemo, test } from './fixtures.ts';

interface PersonalWindow {
  limbeckPersonal: { state: string; error?: { code?: string; message: string } };
}

const SMALL = { limit: 400, epochs: 7, seed: 1 };

async function open(page: Page, url: string, state: 'ready' | 'no-student' = 'ready', query = '') {
  await page.goto(`${url}/demo/personal.html${query}`);
  await waitFor(page, state);
}

async function waitFor(page: Page, state: string) {
  await page.waitForFunction(
    (wanted) => [wanted, 'failed'].includes((window as unknown as PersonalWindow).limbeckPersonal?.state),
    state,
    { timeout: 150_000 },
  );
  expect(await page.evaluate(() => (window as unknown as PersonalWindow).limbeckPersonal)).toEqual({ state });
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();
const said = (page: Page) => page.locator('#answer');
const rows = (page: Page, id: 'examples' | 'versions') => page.locator(`#${id} tr:not(.empty)`);
const probabilities = (page: Page) => page.locator('#bars .number').allTextContents();

/** Where the ink is in what the student sees: the longer side of its box, and the centre of its mass. */
function seen(page: Page) {
  return page.locator('#seen').evaluate((canvas: HTMLCanvasElement) => {
    const { data, width } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, 28, 28);
    const ink = Array.from({ length: 784 }, (_, i) => ({
      x: i % width,
      y: Math.floor(i / width),
      a: data[4 * i + 3] ?? 0,
    }));
    const inked = ink.filter(({ a }) => a > 0);
    const side = (of: 'x' | 'y') =>
      1 + Math.max(...inked.map((one) => one[of])) - Math.min(...inked.map((one) => one[of]));
    const mass = ink.reduce((sum, { a }) => sum + a, 0);
    const centre = (of: 'x' | 'y') => ink.reduce((sum, one) => sum + one.a * (one[of] + 0.5), 0) / mass;
    return { longer: Math.max(side('x'), side('y')), x: centre('x'), y: centre('y') };
  });
}

/** Draws lines between places given as fractions of the pad. */
async function draw(page: Page, ...places: readonly (readonly [number, number])[]) {
  await press(page, 'Clear');
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const box = (await page.locator('#pad').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  for (const [i, [x, y]] of places.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 });
    if (i === 0) await page.mouse.down();
  }
  await page.mouse.up();
  await expect(said(page)).toContainText('It says');
}

/** Names of the files that the page's store has. */
function storedFiles(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const origin = await navigator.storage.getDirectory();
    const folder = await (await origin.getDirectoryHandle('limbeck')).getDirectoryHandle('limbeck-demo-personal');
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  });
}

const drawSeven = (page: Page, lean = 0) => draw(page, [0.3, 0.2], [0.7 + lean, 0.2], [0.45 - lean, 0.85]);
const drawOne = (page: Page, lean = 0) => draw(page, [0.5 + lean, 0.15], [0.5 - lean, 0.85]);

async function teach(page: Page, label: string) {
  const before = await rows(page, 'examples').count();
  await press(page, `It is a ${label}`);
  await expect(rows(page, 'examples')).toHaveCount(before + 1);
}

test('the student that the main page distilled is drawn for, taught, and remembers it', async ({ page, serveDist }) => {
  const errors = collectErrors(page);
  const url = await serveDist();
  await runDemo(page, url, SMALL);
  await page.getByRole('link', { name: 'Then it learns your handwriting.' }).click();
  await waitFor(page, 'ready');
  await expect(page.locator('#place')).toContainText('(OPFS), encrypted');

  // Small and in a corner, or large: the student sees it as in MNIST, 20 pixels long and its mass in the middle.
  for (const size of [0.25, 0.9]) {
    await draw(page, [0.05, 0.05], [0.05 + 0.6 * size, 0.05], [0.05 + 0.2 * size, 0.05 + size]);
    const { longer, x, y } = await seen(page);
    expect(Math.abs(longer - 20.5)).toBeLessThanOrEqual(1);
    expect(Math.abs(x - 14)).toBeLessThan(0.6);
    expect(Math.abs(y - 14)).toBeLessThan(0.6);
  }
  await drawSeven(page);
  await expect(said(page)).toContainText('as it was distilled');
  const distilled = await probabilities(page);
  await teach(page, '4');
  await expect(page.locator('#learning')).toHaveText('Learning begins once two different digits are kept.');
  // The same drawing again is no second example, and another label corrects it.
  await press(page, 'It is a 4');
  await expect(page.locator('#taught')).toHaveText('It is kept as a 4 already.');
  await press(page, 'It is a 7');
  await expect(page.locator('#taught')).toHaveText('Corrected: it is a 7, not a 4.');
  await expect(rows(page, 'examples').locator('th')).toHaveText(['7']);
  await drawSeven(page, 0.1);
  await teach(page, '7');
  for (const lean of [0.05, 0.1]) {
    await drawOne(page, lean);
    await teach(page, '1');
  }
  // It learns on its own when idle, perhaps twice if drawing took long.
  const newest = rows(page, 'versions').first();
  await expect(newest.locator('td').nth(1)).toHaveText('4', { timeout: 60_000 });
  await expect(newest).toContainText('answers now');
  const version = await newest.locator('th').textContent();
  await expect(page.locator('#learning')).toContainText(`Version ${version}: lora`);
  await drawSeven(page);
  await expect(said(page)).toContainText(`with version ${version}`);
  const taught = await probabilities(page);
  expect(Number.parseFloat(taught[7] ?? ''), 'how sure it is of a 7').toBeGreaterThan(
    Number.parseFloat(distilled[7] ?? ''),
  );

  await page.reload();
  await waitFor(page, 'ready');
  await expect(rows(page, 'examples')).toHaveCount(4);
  await expect(page.locator('#learning')).toContainText(`Version ${version}`);
  await drawSeven(page);
  expect(await probabilities(page)).toEqual(taught);

  await press(page, 'Make version 0 the one that answers');
  await expect(said(page)).toContainText('as it was distilled');
  await expect.poll(() => probabilities(page)).toEqual(distilled);
  await press(page, `Make version ${version} the one that answers`);
  await expect.poll(() => probabilities(page)).toEqual(taught);

  const downloading = page.waitForEvent('download');
  await press(page, 'Export to a file');
  await page.getByRole('link', { name: /my-hand\.lpf/ }).click();
  const file = await readFile(await (await downloading).path());

  // Forgetting an example removes the versions learned from it; the rest is learned again.
  await page
    .getByRole('button', { name: /^Forget the 7/ })
    .last()
    .click();
  await expect(rows(page, 'examples')).toHaveCount(3);
  await expect(
    rows(page, 'versions').filter({ has: page.getByRole('rowheader', { name: `${version}`, exact: true }) }),
  ).toHaveCount(0);

  await press(page, 'Destroy everything');
  await expect(page.locator('#kept-note')).toHaveText('Everything was destroyed: examples, versions and their key.');
  await expect(rows(page, 'examples')).toHaveCount(0);
  await expect(rows(page, 'versions')).toHaveCount(1);
  // A new, empty profile lies there: the record of its new key, and what it belongs to, each kept twice.
  expect(await storedFiles(page)).toHaveLength(4);

  await page.locator('#import-file').setInputFiles({ name: 'broken.lpf', mimeType: '', buffer: file.subarray(0, -9) });
  await expect(page.locator('#kept-note')).toContainText('“broken.lpf” was not imported.');
  await expect(rows(page, 'examples')).toHaveCount(0);
  await page.locator('#import-file').setInputFiles({ name: 'my-hand.lpf', mimeType: '', buffer: file });
  await expect(page.locator('#kept-note')).toContainText('“my-hand.lpf” was imported');
  await expect(rows(page, 'examples')).toHaveCount(4);
  await drawSeven(page);
  expect(await probabilities(page)).toEqual(taught);
  expect(await page.locator('#error').innerHTML()).toBe('');
  expect(errors).toEqual([]);
});

test('without isolation a student is distilled right here, and a few digits of one hand help at once', async ({
  page,
  serveDist,
}) => {
  test.skip(!isLong, 'It distils for half a minute, as the main job does without isolation; LIMBECK_SLOW=1 runs it.');
  const errors = collectErrors(page);
  const url = await serveDist({ isIsolated: false });
  // A service worker would isolate the page.
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
  await open(page, url, 'no-student', '?limit=400&epochs=5');
  await press(page, 'Distil a student here');
  await expect(page.locator('#distil-text')).toContainText('The teacher has answered', { timeout: 60_000 });
  await press(page, 'Stop');
  await expect(page.locator('#distil-text')).toContainText('Stopped.');
  await press(page, 'Distil a student here');
  await waitFor(page, 'ready');
  await expect(page.locator('#workplace')).toContainText('with 1 thread.');

  // By keyboard alone: a digit is shown, not drawn.
  await page.getByRole('button', { name: 'Show me one' }).press('Enter');
  await expect(said(page)).toContainText('as it was distilled');
  await page.getByRole('button', { name: 'black on white', exact: true }).press('Enter');
  const cells = page.locator('#trial-rows td');
  await expect(cells.first()).toBeVisible({ timeout: 60_000 });
  const [before = 1, after = 0, plainBefore = 1, plainAfter = 0] = (await cells.allTextContents()).map(
    Number.parseFloat,
  );
  expect(after).toBeGreaterThan(before + 10);
  expect(plainAfter).toBeGreaterThan(plainBefore - 5);
  await expect(rows(page, 'examples'), 'nothing of a trial is kept').toHaveCount(0);

  await page.getByRole('button', { name: /^Teach the 30 examples/ }).press('Enter');
  await expect(rows(page, 'examples')).toHaveCount(30, { timeout: 30_000 });
  await page.getByRole('button', { name: 'Learn now' }).press('Enter');
  await expect(rows(page, 'versions').first()).toContainText('answers now', { timeout: 60_000 });
  expect(errors).toEqual([]);

  // The record of the key is kept twice. With both tampered with, the store is refused, and can be given up.
  await page.evaluate(async () => {
    const origin = await navigator.storage.getDirectory();
    const folder = await (await origin.getDirectoryHandle('limbeck')).getDirectoryHandle('limbeck-demo-personal');
    for (const name of ['encryption.lock.value', 'encryption.lock.copy.value']) {
      const record = await folder.getFileHandle(name);
      const bytes = new Uint8Array(await (await record.getFile()).arrayBuffer());
      bytes.set([(bytes[20] ?? 0) ^ 1], 20);
      const stream = await record.createWritable();
      await stream.write(bytes);
      await stream.close();
    }
  });
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('store-tampered', { timeout: 30_000 });
  await press(page, 'Destroy everything that was taught');
  await expect(page.locator('#contents')).toHaveText(/^0 examples/, { timeout: 30_000 });
});
