// One training step (forward, backward, Adam) of the cnn student at batch 64 with different losses: through tfjs, one kernel
// at a time, and replayed, by turns in one run.
// Usage: node benchmarks/losses.mjs [--json FILE] [--loss NAME]… [--rounds N] [--threads N] [--as-built]
//   --as-built      take the kernels in dist/ as they are, even where the sources have changed since
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const NAMES = [
  ...['softTargets', 'decoupledTargets', 'distributionCorrelation', 'standardizedTargets', 'similarity'],
  ...['relationDistance', 'attentionMap', 'featureHint', 'mutual', 'contrastive'],
];
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    loss: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    'as-built': { type: 'boolean', default: false },
  },
});
const wanted = values.loss ?? NAMES;
const unknown = wanted.find((name) => !NAMES.includes(name));
if (unknown !== undefined) throw new Error(`There is no row "${unknown}"; there are ${NAMES.join(', ')}.`);
/** Steps of each kind a round. */
const STEPS = 12;

process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
if (!values['as-built']) ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { quantile }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('./bundle.mjs'),
  import('./print.mjs'),
]);
const server = await serve('dist', {
  extra: {
    '/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
    '/losses.js': await bundle('benchmarks/pages/losses.ts'),
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const page = await browser.newPage();
await page.goto(`${server.url}/bench.html`);
await page.evaluate(() => {
  const worker = new Worker('/losses.js', { type: 'module' });
  globalThis.ask = (request) =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => resolve({ error: event.message || 'the worker did not load' });
      worker.postMessage(request);
    });
});

async function ask(request) {
  const { result, error } = await page.evaluate((given) => globalThis.ask(given), request);
  if (error !== undefined) throw new Error(error);
  return result;
}

const times = Object.fromEntries(wanted.map((name) => [name, { eager: [], replayed: [], why: undefined }]));
let threads;
try {
  ({ threads } = await ask({ ask: 'open', options: { threads: Number(values.threads) } }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const loss of wanted) {
      const { eager, replayed, why } = await ask({ ask: 'steps', loss, count: STEPS });
      times[loss].eager.push(...eager);
      times[loss].replayed.push(...replayed);
      times[loss].why ??= why;
    }
  }
} finally {
  await browser.close();
  await server.close();
}

const rows = wanted.map((loss) => {
  const { eager, replayed, why } = times[loss];
  const [eagerMs, replayedMs] = [eager, replayed].map((all) => quantile(all, 0.5));
  // The quickest tenth is what other programs on the machine disturb least.
  const [eagerP10Ms, replayedP10Ms] = [eager, replayed].map((all) => quantile(all, 0.1));
  const ratios = { ratio: eagerMs / replayedMs, ratioP10: eagerP10Ms / replayedP10Ms };
  return { loss, eagerMs, replayedMs, eagerP10Ms, replayedP10Ms, ...ratios, ...(why && { notReplayed: why }) };
});
for (const { loss, eagerMs, replayedMs, ratio, ratioP10, notReplayed } of rows) {
  console.log(
    `${loss.padEnd(24)} ${eagerMs.toFixed(2).padStart(8)} ms eager ${replayedMs.toFixed(2).padStart(8)} ms replayed   ` +
      `${ratio.toFixed(2)} × (${ratioP10.toFixed(2)} × in the quickest tenth)${notReplayed ? `   not replayed: ${notReplayed}` : ''}`,
  );
}
if (values.json) {
  const result = {
    machine: machineName(),
    browser: browser.version(),
    date: new Date().toISOString(),
    student: 'cnn, batch 64',
    threads,
    /** Of the last minute: others may have used the cores too. */
    loadAverage: loadavg()[0],
    rows,
  };
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
