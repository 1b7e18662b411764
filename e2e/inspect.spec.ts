// The demo's page Inspect.
import type { Page } from '@playwright/test';
import { violationsOn } from './axe.ts';
import { collectErrors, expect, test } from './fixtures.ts';
import { longModel } from './longModel.ts';

const graphOf = (page: Page) => page.getByRole('listbox', { name: 'Graph of the model' });
const listOf = (page: Page) => page.getByRole('listbox', { name: 'Nodes in the file’s order' });

async function choose(page: Page, name: string, buffer: Buffer) {
  await page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer });
}

async function openTeacher(page: Page, url: string) {
  await page.goto(`${url}/demo/inspect.html?model=teacher`);
  await expect(graphOf(page).getByRole('option').first()).toBeVisible();
}

test('the bundled teacher: facts, ports, warnings, lengths that are given, a graph', async ({ page, serveDist }) => {
  const errors = collectErrors(page);
  await openTeacher(page, await serveDist());
  await expect(page.locator('#facts')).toContainText('10.8 MB');
  await expect(page.locator('#facts')).toContainText('ai.onnx 9');
  await expect(page.locator('#facts')).toContainText('give lengths below');
  await expect(page.locator('#ports')).toContainText('p2o.DynamicDimension.0, 3, 48, p2o.DynamicDimension.1');
  await expect(page.locator('#operators')).toContainText('Conv');
  await page.getByLabel('p2o.DynamicDimension.0').fill('1');
  await page.getByLabel('p2o.DynamicDimension.1').fill('48');
  await page.getByRole('button', { name: 'Work out shapes and cost' }).click();
  await expect(page.locator('#ports')).toContainText('[1, 3, 48, 48]');
  await expect(page.locator('#ports')).toContainText('[1, 6, 6625]');
  await expect(page.locator('#facts')).not.toContainText('could not be counted');
  await expect(graphOf(page).getByRole('option', { name: /^Conv/ }).first()).toBeVisible();
  expect(errors).toEqual([]);
});

test('by keyboard: along the graph, a tap with a name, its code; the tap is checked by the package', async ({
  page,
  context,
  serveDist,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openTeacher(page, await serveDist());
  await graphOf(page).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
  const chosen = graphOf(page).getByRole('option', { selected: true });
  await expect(chosen).toHaveCount(1);
  expect(await graphOf(page).getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'));
  const value = (await page.locator('#value .pick[aria-pressed="true"] span').first().textContent()) as string;
  await page.getByRole('button', { name: 'Tap this value' }).press('Enter');
  await expect(page.locator('#taps')).toContainText('They can be tapped.');
  await expect(page.locator('#taps pre')).toContainText(`taps: ['${value}'],`);
  await page.getByLabel(`Name for ${value}`).fill('features');
  await page.getByLabel('Cut away what lies behind').press('Space');
  const code = `const teacher = await loadTeacher('/models/ch_PP-OCRv4_rec_infer.onnx', {
  taps: [{ tensor: '${value}', name: 'features' }],
  untilTaps: true,
}).done;`;
  await expect(page.locator('#taps pre')).toHaveText(code);
  await page.getByRole('button', { name: 'Copy the code' }).press('Enter');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(code);
  // Two outputs of one name are refused, in the package's words.
  await graphOf(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: 'Tap this value' }).press('Enter');
  await expect(page.locator('#taps .tapped li')).toHaveCount(2);
  await page.locator('#taps .tapped li').last().getByRole('textbox').fill('features');
  await page.locator('#taps .tapped li').last().getByRole('textbox').press('Tab');
  await expect(page.locator('#taps .refused')).toContainText('Two outputs would be called "features"');
  expect(await violationsOn(page)).toEqual([]);
});

test('the list finds values, and has the keys too', async ({ page, serveDist }) => {
  await openTeacher(page, await serveDist());
  await page.getByLabel('List').check();
  await page.getByLabel('Find').fill('softmax');
  const rows = listOf(page).getByRole('option');
  await expect(rows.first()).toContainText('Softmax');
  const found = await rows.count();
  expect(found).toBeLessThan(20);
  await listOf(page).focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.first()).toHaveAttribute('aria-selected', 'true');
  await expect(page.locator('#value')).toContainText('Softmax');
  expect(await violationsOn(page)).toEqual([]);
});

test('both engines are tried: one that runs it says so, one that does not says why', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/demo/inspect.html`);
  await choose(page, 'long.onnx', longModel(2, 2));
  await page.getByLabel('N', { exact: true }).fill('2');
  await page.getByRole('button', { name: 'Work out shapes and cost' }).click();
  await page.getByRole('button', { name: 'Try both engines here' }).click();
  const verdicts = page.locator('#operators .verdicts');
  await expect(verdicts).toContainText('onnxruntime: runs it');
  await expect(verdicts).toContainText('limbeck’s kernels: runs it');
  await choose(page, 'odd.onnx', Buffer.from(longModel(1, 1).toString('latin1').replace('Relu', 'Rxyz'), 'latin1'));
  await expect(page.locator('#facts')).toContainText('could not be counted');
  await page.getByRole('button', { name: 'Try both engines here' }).click();
  await expect(verdicts).toContainText('onnxruntime: no.');
  await expect(verdicts).toContainText('limbeck’s kernels: no.');
  await expect(page.getByRole('row', { name: /^Rxyz/ })).toContainText('not here');
});

test('a model of 1,500 nodes is read and drawn while the page stays free', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/demo/inspect.html`);
  await page.evaluate(() => {
    const ticks = { whileDrawn: 0 };
    Object.assign(window, { ticks });
    setInterval(() => {
      if (document.querySelector('#structure')?.textContent?.includes('being laid out')) ticks.whileDrawn++;
    }, 10);
  });
  await choose(page, 'long.onnx', longModel(100, 14));
  await expect(graphOf(page).getByRole('option').first()).toBeVisible({ timeout: 150_000 });
  // A page that lays out by itself has no time for its timers.
  expect(
    await page.evaluate(() => (window as unknown as { ticks: { whileDrawn: number } }).ticks.whileDrawn),
  ).toBeGreaterThan(3);
  // Only what is in sight is there.
  expect(await graphOf(page).getByRole('option').count()).toBeLessThan(100);
  await graphOf(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(graphOf(page).getByRole('option', { selected: true })).toHaveCount(1);
  await page.getByRole('button', { name: 'Whole' }).click();
  await page.getByLabel('List').check();
  await expect(page.locator('#find-hint')).toContainText('1,503 nodes');
  expect(await listOf(page).getByRole('option').count()).toBeLessThan(60);
  await listOf(page).focus();
  await page.keyboard.press('End');
  await expect(listOf(page).getByRole('option', { selected: true })).toContainText('output');
});

for (const [what, name, make, code] of [
  ['no ONNX file', 'picture.onnx', () => Buffer.from('this is a picture'), 'invalid-onnx'],
  ['an empty file', 'empty.onnx', () => Buffer.alloc(0), 'invalid-onnx'],
  ['a truncated file', 'half.onnx', () => longModel(3, 3).subarray(0, 60), 'invalid-onnx'],
] as const) {
  test(`${what}: a typed error with its cure, and the model before stays`, async ({ page, serveDist }) => {
    const errors = collectErrors(page);
    await page.goto(`${await serveDist()}/demo/inspect.html`);
    await choose(page, 'long.onnx', longModel(1, 2));
    await expect(graphOf(page)).toBeVisible();
    await choose(page, name, make());
    await expect(page.locator('#error')).toContainText(code);
    await expect(page.locator('#error')).toContainText(name);
    await expect(page.locator('#source')).toContainText('long.onnx');
    await graphOf(page).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('button', { name: 'Tap this value' }).click();
    await expect(page.locator('#taps')).toContainText('They can be tapped.');
    expect(errors).toEqual([]);
  });
}

test('names in a file are text, whatever they hold', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/demo/inspect.html`);
  const nasty = '<img src=x onerror=alert(1)>\'"';
  let dialogs = 0;
  page.on('dialog', (dialog) => {
    dialogs++;
    void dialog.dismiss();
  });
  await choose(page, `${nasty.replaceAll('/', '')}.onnx`, longModel(1, 2, nasty));
  await expect(page.locator('#ports')).toContainText(nasty);
  await graphOf(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: 'Tap this value' }).click();
  await expect(page.locator('#taps pre')).toContainText(`taps: ['<img src=x onerror=alert(1)>\\'"'],`);
  expect(dialogs).toBe(0);
});
