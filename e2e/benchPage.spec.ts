// The page that measures backends: it measures, it shows, it takes reports from files and addresses that may be anyone's.
import { readFile } from 'node:fs/promises';
import { isLong } from '../scripts/isLong.mjs';
import { violationsOn } from './axe.ts';
import { collectErrors, expect, test } from './fixtures.ts';

test('it measures a student on chosen backends, recommends one, and gives the report away', async ({
  page,
  context,
  serveDist,
}) => {
  const errors = collectErrors(page);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${await serveDist()}/demo/bench.html`);
  await page.getByLabel('ds-cnn').uncheck();
  await page.getByLabel('tfjs on plain JavaScript').uncheck();
  await page.getByLabel('Time', { exact: true }).selectOption('20');
  await page.getByRole('button', { name: 'Measure on this device' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
  await expect(page.locator('#recommendation')).toBeVisible({ timeout: 120_000 });
  await expect(page.locator('#recommendation dd').first()).toContainText(/thread/);
  await expect(page.getByRole('heading', { name: 'mlp: Inference' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'mlp: Training' })).toBeVisible();
  await expect(page.locator('.bench-plot svg').first()).toBeVisible();
  expect(await violationsOn(page)).toEqual([]);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'JSON' }).click(),
  ]);
  const text = await readFile((await download.path()) as string, 'utf8');
  const report = JSON.parse(text) as { readonly rows: readonly { readonly isRight: boolean; readonly runs: number }[] };
  expect(report.rows.filter(({ isRight, runs }) => isRight && runs > 0).length).toBeGreaterThan(3);

  await page.getByRole('button', { name: 'Copy a link' }).click();
  await expect(page.getByText('The address is on the clipboard')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByRole('heading', { name: 'mlp: Training' })).toBeVisible();
  await expect(other.locator('#recommendation')).toBeVisible();

  // In another tab it is a report like any other, and equals itself.
  const file = { name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(text) };
  await other
    .locator('#reports')
    .setInputFiles([file, { ...file, name: 'bad.json', buffer: Buffer.from('{"format":1}') }]);
  await expect(other.getByText(/bad\.json: /)).toBeVisible();
  await other.getByRole('button', { name: 'Compare' }).click();
  await expect(other.getByText(/compared with mine\.json: Equal/)).toBeVisible();
  expect(errors).toEqual([]);
});

test('cancelling ends it at once, and what was found stays to be read', async ({ page, serveDist }) => {
  test.skip(!isLong, 'A cancelled benchmark is tried without the page; LIMBECK_SLOW=1 runs it.');
  await page.goto(`${await serveDist()}/demo/bench.html`);
  await page.getByRole('button', { name: 'Measure on this device' }).click();
  await expect(page.locator('.bench-rows tbody tr').first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Measure on this device' })).toBeVisible();
  expect(await page.locator('.bench-rows tbody tr').count()).toBeGreaterThan(0);
  await expect(page.locator('#error')).toBeEmpty();
});

test('an address that holds no report, or a bomb, is told as such and does no harm', async ({ page, serveDist }) => {
  const url = `${await serveDist()}/demo/bench.html`;
  const zeros = await page.evaluate(async () => {
    const packed = new Blob([new Uint8Array(8e6)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
    return btoa(String.fromCharCode(...bytes))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=+$/, '');
  });
  for (const fragment of ['AAAA', '!!!', zeros, 'x'.repeat(20_000)]) {
    await page.goto('about:blank');
    await page.goto(`${url}#report=${fragment}`);
    await expect(page.locator('#error')).toContainText(/report in this address/);
    await expect(page.getByRole('button', { name: 'Measure on this device' })).toBeEnabled();
  }
});

test('nothing can be started before there is something to measure', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/demo/bench.html`);
  const start = page.getByRole('button', { name: 'Measure on this device' });
  await page.getByLabel('A file of mine').check();
  await expect(start).toBeDisabled();
  await expect(page.getByText('Choose an ONNX file first.')).toBeVisible();
  await expect(page.getByLabel('Training')).toHaveCount(0);
  await page.locator('#file').setInputFiles({ name: 'no.onnx', mimeType: '', buffer: Buffer.from('no model') });
  await start.click();
  await expect(page.locator('#error')).toContainText('Code: ');
});
