// Rows for the pages of examples/: built by Vite, and used as a person would.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/ensure.mjs';

/**
 * The row of one example.
 * @param {string} name its folder
 * @param {string} title
 * @param {() => Promise<unknown[]>} plugins of Vite
 */
export const frameworkRow = (name, title, plugins = async () => []) => ({
  name,
  title,
  async run({ folder, serve, openPage }) {
    const examples = join(folder, 'examples');
    cpSync(join(root, 'examples'), examples, { recursive: true });
    const { build } = await import('vite');
    await build({
      root: join(examples, name),
      base: './',
      configFile: false,
      plugins: await plugins(),
      build: { outDir: join(folder, 'dist') },
      logLevel: 'error',
    });
    const { page, faults } = await openPage();
    await actOn(page, await serve(join(folder, 'dist')));
    if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'));
    return 'progress, cancelling, and a profile that a reload keeps';
  },
});

/** Learning waits until the page is idle. */
const LEARNED_MS = 120_000;

const TAUGHT = [
  [0.05, 0.95, 'outside'],
  [0.05, 0.05, 'outside'],
  [0.5, 0.5, 'inside'],
  [0.55, 0.45, 'inside'],
  [0.95, 0.05, 'mine'],
  [0.9, 0.1, 'mine'],
];

async function actOn(page, url) {
  const button = (name) => page.getByRole('button', { name });
  const says = (text) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const reads = (text) => page.locator('output').filter({ hasText: text }).waitFor({ timeout: LEARNED_MS });
  const moveTo = async (across, down) => {
    await page.getByLabel('Across').fill(String(across));
    await page.getByLabel('Down').fill(String(down));
  };

  // So many epochs that it cannot end by itself.
  await page.goto(`${url}/?epochs=1000000`);
  await button('Distil').click();
  await page.waitForFunction(() => document.querySelector('progress')?.value > 0);
  await button('Cancel').click();
  await says('Cancelled.');

  await page.goto(url);
  await button('Distil').click();
  await says('Ready.');
  await moveTo(0.5, 0.5);
  await reads('inside');
  await moveTo(0.95, 0.05);
  await reads('outside');
  // From one kind of point a student would learn to say nothing else.
  for (const [across, down, label] of TAUGHT) {
    await moveTo(across, down);
    await page.getByLabel('What it is to you').fill(label);
    await button('Teach').click();
  }
  await moveTo(0.95, 0.05);
  await reads('mine');
  await moveTo(0.5, 0.5);
  await reads('inside');

  await page.reload();
  await button('Distil').click();
  await says('Ready.');
  await moveTo(0.95, 0.05);
  await reads('mine');
}
