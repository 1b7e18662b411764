// Distillation from photos: files of a megapixel, decoded by the browser and scaled to what a small student reads.
// Usage: node benchmarks/photos.mjs [--json FILE] [--photos N] [--size PIXELS] [--epochs N] [--rounds N] [--against DIST]
// `--against` is the dist folder of another version, which takes turns with this one; both must give the same student.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    photos: { type: 'string', default: '2000' },
    size: { type: 'string', default: '64' },
    epochs: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '1' },
    against: { type: 'string' },
  },
});
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { count, duration, figures }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('./bundle.mjs'),
  import('../scripts/figures.mjs'),
]);
const [photos, size, epochs, rounds] = ['photos', 'size', 'epochs', 'rounds'].map((name) => Number(values[name]));

const dists = { now: 'dist', ...(values.against && { against: values.against }) };
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const result = { machine: machineName(), browser: browser.version(), date: new Date().toISOString(), size, epochs };
const runs = {};
for (let round = 0; round < rounds; round++) {
  for (const [name, dist] of Object.entries(dists)) {
    const folder = dist.startsWith('/') ? dist : `${root}${dist}`;
    const server = await serve(folder, {
      extra: {
        '/photos.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
        '/photos.js': await bundle('benchmarks/pages/photos.ts', { limbeck: `${folder}/index.js` }),
      },
    });
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(`${server.url}/photos.html`);
    await page.addScriptTag({ url: './photos.js', type: 'module' });
    await page.waitForFunction(() => globalThis.bench !== undefined);
    Object.assign(result, await page.evaluate((given) => globalThis.bench.make(given), photos));
    const run = await page.evaluate((given) => globalThis.bench.train(...given), [size, epochs]);
    runs[name] = [...(runs[name] ?? []), run];
    console.log(
      `${name.padEnd(8)} ${duration(run.totalMs)}, first step after ${duration(run.firstStepMs)}, ` +
        `${figures(run.decodedPerPhoto)} decodings a photo, epochs ${run.epochMs.map(duration).join(' ')}, student ${run.weights}`,
    );
    await page.close();
    await server.close();
  }
}
await browser.close();
console.log(
  `${count(photos)} photos of ${result.width} × ${result.height}, ${figures(result.bytesPerPhoto / 1e3)} KB each`,
);
if (new Set(Object.values(runs).flatMap((all) => all.map(({ weights }) => weights))).size !== 1) {
  throw new Error('Not all runs gave the same student.');
}
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify({ ...result, runs }, null, 2)}\n`);
}
