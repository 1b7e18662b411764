import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { collectErrors, type DemoWindow, demoResult, expect, test } from './fixtures.ts';

const model = (path: string) => readFile(new URL(`../src/${path}`, import.meta.url));
/** Pictures [3, 8, 8] in, five classes out. */
const pictureModel = () => model('export/quantize/golden/image.onnx');
/** Seven numbers in, four classes out. */
const tableModel = () => model('student/golden/fromOnnx/mlp.onnx');

async function giveTeacher(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.getByRole('radio', { name: /^An ONNX file of yours/ }).check();
  await page.locator('#teacher-file').setInputFiles({ name, mimeType: '', buffer });
}

/** Small pictures of one colour each, in folders that are named as classes. */
async function pictureFolder(page: Page, folder: string, count: number): Promise<void> {
  const pictures = await page.evaluate(async (many) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 12, height: 12 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    return Array.from({ length: many }, (_, i) => {
      context.fillStyle = `hsl(${(360 * i) / many} 80% 50%)`;
      context.fillRect(0, 0, 12, 12);
      return canvas.toDataURL('image/png').split(',')[1] ?? '';
    });
  }, count);
  for (const [i, base64] of pictures.entries()) {
    await mkdir(`${folder}/${i % 5}`, { recursive: true });
    await writeFile(`${folder}/${i % 5}/picture-${i}.png`, Buffer.from(base64, 'base64'));
  }
}

async function startAndWait(page: Page) {
  await page.locator('#epochs').fill('2');
  await page.locator('#start').click();
  return demoResult(page);
}

const reportOf = (page: Page) =>
  page.evaluate(() => {
    const { result, reportHtml } = (window as unknown as DemoWindow).limbeckDemo as unknown as {
      result: { report: Record<string, unknown>; forms: Record<string, Uint8Array> };
      reportHtml: string;
    };
    return { report: result.report, forms: Object.keys(result.forms), reportHtml };
  });

test('a model and a folder of pictures of one’s own: a student of a chosen size learns, and is offered', async ({
  page,
  serveDist,
}, info) => {
  const errors = collectErrors(page);
  await page.goto(`${await serveDist()}/demo/`);
  await expect(page.getByRole('radio', { name: /^Microphone/ })).toBeDisabled();
  await giveTeacher(page, 'colours.onnx', await pictureModel());
  await expect(page.locator('#teacher')).toContainText('reads pictures · 5 classes');
  await page.getByRole('radio', { name: /^Pictures/ }).check();
  await expect(page.locator('#start')).toBeDisabled();
  const folder = info.outputPath('colours');
  await pictureFolder(page, folder, 40);
  await page.locator('#image-folder').setInputFiles(folder);
  await expect(page.locator('#data')).toContainText('40 pictures, labelled by their folders');
  await page.locator('#budget').selectOption({ label: '100 kB' });
  await page.getByRole('radio', { name: /^dsCnn, 32 filters/ }).check();
  const { state, error } = await startAndWait(page);
  expect(error).toBeUndefined();
  expect(state).toBe('done');
  const { report, forms, reportHtml } = await reportOf(page);
  expect(report).toMatchObject({
    noun: 'picture',
    examples: { learned: 32, heldOut: 8 },
    teacher: { name: 'colours.onnx' },
    student: { name: 'ds-cnn' },
    epochs: [{ epoch: 1 }, { epoch: 2 }],
  });
  expect(reportHtml.replace(/<style>.*<\/style>/s, ''), 'what is written in the report').not.toMatch(/digit/);
  expect(forms.sort()).toEqual(['student.float16.onnx', 'student.int8.onnx', 'student.limbeck', 'student.onnx']);
  await expect(page.locator('#result a[download="student.int8.onnx"]')).toBeVisible();
  await expect(page.locator('#live canvas')).toHaveCount(2);
  expect(errors).toEqual([]);
});

test('a table teaches without labels, a stopped run goes on from its weights, and what does not fit is said', async ({
  page,
  serveDist,
}) => {
  const errors = collectErrors(page);
  await page.goto(`${await serveDist()}/demo/`);
  await giveTeacher(page, 'no-model.onnx', Buffer.from('this is no model'));
  await expect(page.locator('#teacher [role=alert]')).toContainText('no-model.onnx');
  await giveTeacher(page, 'seven.onnx', await tableModel());
  await expect(page.locator('#teacher')).toContainText('reads numbers · 4 classes');
  await expect(page.getByRole('radio', { name: /^CSV/ })).toBeChecked();
  const row = (i: number) => Array.from({ length: 7 }, (_, j) => Math.sin(1.7 * i + j).toFixed(3)).join(',');
  const table = (columns: string) => `${columns}\n${Array.from({ length: 60 }, (_, i) => row(i)).join('\n')}\n`;
  const give = (text: string) =>
    page.locator('#table-file').setInputFiles({ name: 'table.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await give('a,b\n1\n');
  await expect(page.locator('#data [role=alert]')).toContainText('Row 1 of the table has 1 fields');
  await give(table('a,b,c,d,e,f,g').replaceAll(/,[^,\n]+\n/g, '\n'));
  await expect(page.locator('#controls')).toContainText('The teacher reads 7 numbers; the table has 6 columns');
  await give(table('a,b,c,d,e,f,g'));
  await expect(page.locator('#data')).toContainText('60 rows, 7 columns');

  await page.locator('#epochs').fill('4000');
  await page.locator('#start').click();
  const firstLoss = () =>
    page
      .waitForFunction(() => (window as unknown as DemoWindow).limbeckDemo.events.find(({ type }) => type === 'step'))
      .then(async (event) => Number((await event.jsonValue())?.['loss']));
  const asNew = await firstLoss();
  await page.waitForFunction(() =>
    (window as unknown as DemoWindow).limbeckDemo.events.some(({ type, epoch }) => type === 'epoch' && epoch === 60),
  );
  await page.locator('#stop').click();
  await expect(page.locator('#kept-text')).toContainText('This is the student after its last step.');
  await page.locator('#go-on').click();
  expect(await firstLoss(), 'the loss of a student that knows something').toBeLessThan(0.95 * asNew);
  await page.evaluate(() => (window as unknown as DemoWindow).limbeckDemo.cancel());
  await page.waitForFunction(() => (window as unknown as DemoWindow).limbeckDemo.state === 'cancelled');

  const { state, error } = await startAndWait(page);
  expect(error).toBeUndefined();
  expect(state).toBe('done');
  const { report } = await reportOf(page);
  expect(report).toMatchObject({ noun: 'row', examples: { learned: 48, heldOut: 12 }, student: { name: 'mlp' } });
  expect(report['confusion']).toBeUndefined();
  await expect(page.locator('#result-headline')).toContainText('answers as its');
  expect(errors).toEqual([]);
});

/** How often the page's main thread entered a block of its own code, and how many bytes it read of files itself, since it was opened. */
async function workOfMainThread(page: Page, work: () => Promise<void>): Promise<{ blocks: number; bytes: number }> {
  const client = await page.context().newCDPSession(page);
  await client.send('Profiler.enable');
  await client.send('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await client.send('Profiler.takePreciseCoverage');
  await page.evaluate(() => Object.assign(window, { bytesHere: 0 }));
  await work();
  const { result } = await client.send('Profiler.takePreciseCoverage');
  await client.send('Profiler.stopPreciseCoverage');
  const ranges = result
    .filter(({ url }) => url.startsWith('http'))
    .flatMap(({ functions }) => functions.flatMap((one) => one.ranges));
  const bytes = await page.evaluate(() => (window as unknown as { bytesHere: number }).bytesHere);
  return { blocks: ranges.reduce((sum, { count }) => sum + count, 0), bytes };
}

/** A table of seven numbers and a class, of so many rows. */
function tableOf(
  rows: number,
  row = (i: number) => `${Array.from({ length: 7 }, (_, j) => Math.sin(i + j)).join(',')},c${i % 4}`,
) {
  return Buffer.from(`a,b,c,d,e,f,g,kind\n${Array.from({ length: rows }, (_, i) => row(i)).join('\n')}\n`);
}

test('a large table is read beside the page, which tells how far it is, and can be stopped', async ({
  page,
  serveDist,
}, info) => {
  await page.addInitScript(() => {
    const counted = (name: 'text' | 'arrayBuffer' | 'bytes' | 'stream') => {
      const read = Blob.prototype[name] as (this: Blob) => unknown;
      Blob.prototype[name] = function (this: Blob) {
        (window as unknown as { bytesHere: number }).bytesHere += this.size;
        return read.call(this);
      } as never;
    };
    for (const name of ['text', 'arrayBuffer', 'bytes', 'stream'] as const) if (name in Blob.prototype) counted(name);
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, ...given: [never]) {
      const [question] = given as unknown as [{ file?: File } | undefined];
      if (question?.file?.name !== 'held.csv') postMessage.apply(this, given);
    } as never;
  });
  await page.goto(`${await serveDist()}/demo/`);
  await giveTeacher(page, 'seven.onnx', await tableModel());
  const give = async (name: string, rows: number) => {
    const path = info.outputPath(name);
    await writeFile(path, tableOf(rows));
    await page.locator('#table-file').setInputFiles(path);
    await expect(page.locator('#data')).toContainText(`${rows.toLocaleString('en-GB')} rows, 8 columns`);
  };
  const small = await workOfMainThread(page, () => give('small.csv', 200));
  const ROWS = 100_000;
  const large = await workOfMainThread(page, () => give('large.csv', ROWS));
  expect(small.blocks, 'what is done for any table').toBeGreaterThan(100);
  expect(large.blocks - small.blocks, 'blocks entered for 100,000 rows of 8 fields').toBeLessThan(ROWS / 4);
  expect([small.bytes, large.bytes], 'bytes of the file that the main thread read').toEqual([0, 0]);
  const labelled = await workOfMainThread(page, async () => {
    await expect(page.locator('.start')).toContainText('Column “kind” has “c0” in row 1, which is no number');
    await page.locator('#label-column').selectOption('kind');
    await expect(page.locator('#start')).toBeEnabled();
  });
  expect(labelled.blocks).toBeLessThan(ROWS / 4);
  expect(labelled.bytes).toBe(0);

  // A file that is wrong somewhere is not taken at all.
  const broken = info.outputPath('broken.csv');
  await writeFile(
    broken,
    tableOf(1000, (i) => (i === 999 ? '1,2' : '1,2,3,4,5,6,7,c0')),
  );
  await page.locator('#table-file').setInputFiles(broken);
  await expect(page.locator('#data [role=alert]')).toContainText('Row 1000 of the table has 2 fields');
  await expect(page.locator('#data')).toContainText('100,000 rows, 8 columns');

  // A worker that is stopped answers nothing; the table before stays.
  await page.locator('#table-file').setInputFiles({ name: 'held.csv', mimeType: 'text/csv', buffer: tableOf(10) });
  await expect(page.getByRole('progressbar', { name: 'Reading the table' })).toBeVisible();
  await expect(page.locator('#start')).toBeDisabled();
  await page.locator('#data').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('progressbar', { name: 'Reading the table' })).toHaveCount(0);
  await expect(page.locator('#data')).toContainText('100,000 rows, 8 columns');
  await expect.poll(() => page.workers().length, { message: 'a worker ends with its answer, or without' }).toBe(0);

  await give('again.csv', 300);
  await page.locator('#label-column').selectOption('kind');
  const { state, error } = await startAndWait(page);
  expect(error).toBeUndefined();
  expect(state).toBe('done');
  const { report } = await reportOf(page);
  expect(report).toMatchObject({ noun: 'row', examples: { learned: 240, heldOut: 60 } });
  expect(report['confusion'], 'the label scores').toBeDefined();
});

test('an error says its code and what to do, and the theme is kept', async ({ page, serveDist }) => {
  const url = await serveDist();
  await page.route('**/ch_PP-OCRv4_rec_infer.onnx', (route) => route.fulfill({ body: 'no model at all' }));
  await page.goto(`${url}/demo/?autostart=1&limit=32&epochs=1`);
  const { state, error } = await demoResult(page);
  expect(state).toBe('failed');
  const box = page.getByRole('alert');
  await expect(box).toContainText(`Code: ${error?.code}`);
  await expect(box.locator('.cure')).not.toBeEmpty();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await paper();
  await page.getByRole('button', { name: 'Dark theme' }).click();
  const dark = await paper();
  expect(dark).not.toBe(before);
  await page.goto(`${url}/demo/personal.html`);
  expect(await paper()).toBe(dark);
});
