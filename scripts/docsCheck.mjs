// Opens the built documentation from a path that it knew nothing of, as a reader would: pages, navigation, search, no request
// that fails or leaves the site, nothing on the console. `npm run docs -- --check` calls it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium, root } from './ensure.mjs';
import { serve } from './serve.mjs';

const PAGES = [
  ['', 'Small models, taught on the device'],
  ['guide/quick-start.html', 'Quick start'],
  ['guide/whole-page.html', 'A whole page to copy'],
  ['help/errors.html', 'Error codes'],
  ['inside/benchmarks.html', 'Benchmarks'],
  ['reference/losses.html', 'KL(softmax(teacher / T) ‖ softmax(student / T))'],
  ['reference/api/index/functions/softTargets.html', 'softTargets'],
];

export async function checkDocs() {
  const folder = mkdtempSync(join(tmpdir(), 'limbeck-docs-'));
  cpSync(join(root, 'out/docs'), join(folder, 'some/deep/path'), { recursive: true });
  const server = await serve(folder);
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: CHROMIUM_ARGS });
  const faults = [];
  let page;
  try {
    page = await browser.newPage();
    const home = `${server.url}/some/deep/path/`;
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(home)) faults.push(`asks ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} for ${response.url()}`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    for (const [path, heading] of PAGES) {
      await page.goto(`${home}${path}`, { waitUntil: 'networkidle' });
      const title = await page.title();
      const text = await page
        .locator('#app')
        .textContent({ timeout: 10_000 })
        .catch(() => 'nothing');
      if (!text?.includes(heading)) faults.push(`${path} does not say "${heading}" (title "${title}")`);
    }
    // From page to page by the router, and to what search finds.
    await page.goto(home, { waitUntil: 'networkidle' });
    await page.getByRole('link', { name: 'Personalize a model' }).click();
    await page.getByRole('heading', { level: 1, name: 'Personalize' }).waitFor();
    if (!page.url().startsWith(`${home}guide/personalize`)) faults.push(`the router went to ${page.url()}`);
    await page
      .getByRole('button', { name: /search/i })
      .first()
      .click();
    await page.getByPlaceholder('Search').fill('out-of-memory');
    await page.locator('.VPLocalSearchBox .result').first().click();
    await page.waitForURL(/\/some\/deep\/path\/.+/);
    await page.waitForLoadState('networkidle');
  } catch (error) {
    await page?.screenshot({ path: join(root, 'out/docsCheck.png') });
    faults.push(error.message);
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (faults.length > 0) throw new Error(`The documentation has faults:\n${[...new Set(faults)].join('\n')}`);
  console.log(`The documentation works from any path: ${PAGES.length} pages, navigation and search.`);
}
