// One training step (forward, backward, Adam, batch 64) on the kernels and on stock tfjs, in one run in Chromium.
// Usage: node benchmarks/trainStep.mjs [--json FILE]
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

const { values } = parseArgs({ options: { json: { type: 'string' } } });
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { build }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('esbuild'),
]);

const rows = [
  ['kernels/relaxed/2', { threads: 2 }, 40],
  ['kernels/relaxed/1', { threads: 1 }, 40],
  ['kernels/simd/1', { threads: 1, simdLevel: 'simd' }, 40],
  ['tfjs-cpu', { backend: 'cpu' }, 2],
];

const { outputFiles } = await build({
  entryPoints: ['benchmarks/pages/trainStep.ts'],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  mainFields: ['module', 'main'],
  external: ['node:fs/promises'],
  logLevel: 'error',
});
const server = await serve('dist', {
  extra: {
    '/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
    '/bench.js': { type: 'text/javascript', body: outputFiles[0].text },
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const quantile = (times, q) => [...times].sort((a, b) => a - b)[Math.floor(q * (times.length - 1))];
const result = {
  machine: `${cpus()[0].model}, ${cpus().length} cores`,
  browser: browser.version(),
  date: new Date().toISOString(),
  students: {},
};
try {
  for (const name of ['mlp', 'cnn']) {
    result.students[name] = {};
    for (const [row, options, repeats] of rows) {
      const page = await browser.newPage();
      await page.goto(`${server.url}/bench.html`);
      const { times } = await page.evaluate(
        async ([student, how, count]) => (await import('/bench.js')).timeSteps(student, how, count),
        [name, options, repeats],
      );
      await page.close();
      result.students[name][row] = { medianMs: quantile(times, 0.5), p90Ms: quantile(times, 0.9) };
    }
    const best = result.students[name]['kernels/relaxed/2'].medianMs;
    for (const [row, { medianMs, p90Ms }] of Object.entries(result.students[name])) {
      const ratio = (medianMs / best).toPrecision(3);
      console.log(
        `${name.padEnd(5)} ${row.padEnd(18)} ${medianMs.toFixed(2).padStart(9)} ms   p90 ${p90Ms.toFixed(2).padStart(9)}   ${ratio} ×`,
      );
    }
  }
} finally {
  await browser.close();
  await server.close();
}
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
