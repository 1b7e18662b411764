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
