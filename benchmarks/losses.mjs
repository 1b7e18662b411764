// One training step (forward, backward, Adam) of the cnn student at batch 64 with different losses: through tfjs, one kernel
// at a time, and replayed, compared by the benchmark's method.
// Usage: node benchmarks/losses.mjs [--json FILE] [--loss NAME]… [--budget SECONDS] [--threads N] [--as-built]
//   --budget        for each loss; default 6
//   --as-built      take the kernels in dist/ as they are, even where the sources have changed since
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { root } from '../scripts/ensure.mjs';
import { openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

const NAMES = [
  ...['softTargets', 'decoupledTargets', 'distributionCorrelation', 'standardizedTargets', 'similarity'],
  ...['relationDistance', 'attentionMap', 'featureHint', 'mutual', 'contrastive'],
];
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    loss: { type: 'string', multiple: true },
    budget: { type: 'string', default: '6' },
    threads: { type: 'string', default: '1' },
    'as-built': { type: 'boolean', default: false },
  },
});
const wanted = values.loss ?? NAMES;
const unknown = wanted.find((name) => !NAMES.includes(name));
if (unknown !== undefined) throw new Error(`There is no row "${unknown}"; there are ${NAMES.join(', ')}.`);
const WAYS = ['replayed', 'eager'];
const budgetMs = 1000 * Number(values.budget);
if (!(budgetMs > 0)) throw new Error(`--budget was ${values.budget}; it must be a number of seconds above 0.`);

const { bench, about, close } = await openPage({
  script: 'benchmarks/pages/measure.ts',
  workers: { '/losses.js': 'benchmarks/pages/losses.ts' },
  ...(values['as-built'] && { dist: `${root}dist` }),
});
// Both ways take steps with the same student, so they share a worker.
const place = { name: 'losses', script: '/losses.js' };
const rows = [];
let threads;
try {
  ({ threads } = await bench('ask', place, { ask: 'open', options: { threads: Number(values.threads) } }));
  for (const loss of wanted) {
    await bench('ask', place, { ask: 'hold', loss });
    const subjects = WAYS.map((way) => ({ key: way, place, request: { ask: 'time', way } }));
    const { replayed, eager } = await bench('measure', subjects, { eachMs: budgetMs / WAYS.length, runs: 1 });
    const { why } = await bench('ask', place, { ask: 'free' });
    const failed = replayed.skipped ?? eager.skipped;
    if (failed !== undefined) throw new Error(`${loss}: ${failed}`);
    rows.push({
      ...{ loss, eagerMs: eager.medianMs, replayedMs: replayed.medianMs },
      ...{ eagerIntervalMs: eager.intervalMs, replayedIntervalMs: replayed.intervalMs },
      // In the rounds that other programs on the machine disturb least.
      ...{ ratio: eager.toFirst.ratio, ratioInterval: eager.toFirst.interval, verdict: eager.toFirst.verdict },
      ...(why && { notReplayed: why }),
    });
    print(rows.at(-1));
  }
} finally {
  await close();
}

function print({ loss, eagerMs, replayedMs, ratio, ratioInterval, notReplayed }) {
  const [low, high] = ratioInterval.map((one) => one.toFixed(2));
  console.log(
    `${loss.padEnd(24)} ${eagerMs.toFixed(2).padStart(8)} ms eager ${replayedMs.toFixed(2).padStart(8)} ms replayed   ` +
      `eager takes ${ratio.toFixed(2)} × as long (${low} to ${high})${notReplayed ? `   not replayed: ${notReplayed}` : ''}`,
  );
}

await writeResult(values.json, {
  ...about,
  student: 'cnn, batch 64',
  threads,
  /** Of the last minute: others may have used the cores too. */
  loadAverage: loadavg()[0],
  rows,
});
