// The teacher's side of distillation on the digits of the main job: onnxruntime-web by itself (one example at a time, and
// at its best batch size), limbeck's overlapped epoch, an epoch from kept answers, and each precision of keeping them.
// Usage: node benchmarks/teacher.mjs [--json FILE] [--threads N] [--examples N] [--epochs N] [--rounds N]
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    threads: { type: 'string', default: String(Math.min(4, cpus().length)) },
    examples: { type: 'string', default: '8000' },
    epochs: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '5' },
  },
});
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { count, duration, figures, percent, times }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('./bundle.mjs'),
  import('../scripts/figures.mjs'),
]);

const [threads, examples, epochs, rounds] = ['threads', 'examples', 'epochs', 'rounds'].map((name) =>
  Number(values[name]),
);
/** Examples for each round, at any batch size. */
const PASSED = 256;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];
/** Enough of limbeck's own work for each round to be past its start. */
const LIMBECK_EXAMPLES = 2000;
const PRECISIONS = { float32: 'float32', float16: 'float16', int8: 'int8', top8: { topK: 8 } };

const server = await serve('dist', {
  extra: {
    // Beside the demo, whose data and models it reads.
    '/demo/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/teacher.js': await bundle('benchmarks/pages/teacher.ts', { limbeck: `${root}dist/index.js` }),
    '/plainOrt.js': await bundle('benchmarks/pages/plainOrt.ts'),
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(error.message));
await page.goto(`${server.url}/demo/bench.html`);
await page.addScriptTag({ url: './teacher.js', type: 'module' });
await page.waitForFunction(() => globalThis.bench !== undefined);
await page.evaluate(() => {
  const worker = new Worker('/plainOrt.js', { type: 'module' });
  globalThis.plain = (request) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) =>
        data.error === undefined ? resolve(data.result) : reject(new Error(data.error));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(request);
    });
});
const plain = (request) => page.evaluate((given) => globalThis.plain(given), request);
const bench = (name, ...args) => page.evaluate(([verb, given]) => globalThis.bench[verb](...given), [name, args]);

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const result = {
  machine: machineName(),
  browser: browser.version(),
  date: new Date().toISOString(),
  threads,
  rounds,
};
try {
  await plain({ ask: 'open', model: '/demo/models/ch_PP-OCRv4_rec_infer.onnx', threads });
  await bench('open', threads);
  for (const batch of BATCHES) await plain({ ask: 'run', batch, passes: Math.max(2, 64 / batch), warmUps: 2 });
  // Interleaved, so that a busy moment of the machine hits all of them.
  const speeds = Object.fromEntries(BATCHES.map((batch) => [batch, []]));
  const ours = [];
  for (let round = 0; round < rounds; round++) {
    for (const batch of BATCHES) {
      const passes = Math.max(2, PASSED / batch);
      speeds[batch].push((await plain({ ask: 'run', batch, passes, warmUps: 1 })).examplesPerSecond);
    }
    ours.push(await bench('twoEpochs', LIMBECK_EXAMPLES));
  }
  const perBatch = Object.fromEntries(BATCHES.map((batch) => [batch, median(speeds[batch])]));
  const best = BATCHES.reduce((a, b) => (perBatch[b] > perBatch[a] ? b : a));
  const [typical] = ours.toSorted((a, b) => a.examplesPerSecond - b.examplesPerSecond).slice(ours.length >> 1);
  const { secondEpoch, ...limbeck } = typical;
  Object.assign(result, {
    plain: { examplesPerSecond: perBatch[1] },
    ortBest: { examplesPerSecond: perBatch[best], batchSize: best },
    ortPerBatch: perBatch,
    limbeck,
    secondEpoch,
  });
  const rate = (value) => `${figures(value)} examples/s`;
  const ratio = (value, of) => `${times(value / of)} ×`;
  const { plain: one, ortBest } = result;
  console.log(`plain      ${rate(one.examplesPerSecond)}, one at a time`);
  console.log(
    `ort best   ${rate(ortBest.examplesPerSecond)} at batch ${best}, ${ratio(ortBest.examplesPerSecond, one.examplesPerSecond)}`,
  );
  console.log(
    `limbeck    ${rate(limbeck.examplesPerSecond)} at batch ${limbeck.batchSize}, ` +
      `${ratio(limbeck.examplesPerSecond, one.examplesPerSecond)} plain, ` +
      `${ratio(limbeck.examplesPerSecond, ortBest.examplesPerSecond)} ort's best, overlap ${percent(limbeck.overlapFraction)}`,
  );
  console.log(`epoch 2    ${count(secondEpoch.teacherCalls)} calls of the teacher, ${duration(secondEpoch.ms)}`);
  result.cache = {};
  for (const [name, precision] of Object.entries(PRECISIONS)) {
    result.cache[name] = await bench('cached', precision, examples, epochs);
    const { bytesPerExample, studentAccuracy, ms, teacherCalls } = result.cache[name];
    console.log(
      `${name.padEnd(10)} ${figures(bytesPerExample)} bytes an example, student ${percent(studentAccuracy)}, ` +
        `${count(teacherCalls)} calls, ${duration(ms)}`,
    );
  }
} finally {
  await browser.close();
  await server.close();
}
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
