// Students taken elsewhere: every layer's export against tfjs, the main job's student in each form, the two engines of a
// teacher, and what quantization-aware distillation wins back.
// Usage: node benchmarks/export.mjs [--json FILE] [--rounds N] [--seeds N]
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '3' },
  },
});
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { measureEngines, printEngines }, { measureQuantizationAware, printRow }] =
  await Promise.all([
    import('playwright-core'),
    import('../scripts/serve.mjs'),
    import('./bundle.mjs'),
    import('./engines.mjs'),
    import('./quantizationAware.mjs'),
  ]);
/** Parts of the layer cases, so that no page lives for minutes. */
const PARTS = 4;
const OPSET = 17;

const server = await serve('dist', {
  extra: {
    '/bench.html': { type: 'text/html', body: '<!doctype html><title>export</title>' },
    // Beside the demo, whose data and models it reads.
    '/demo/bench.html': { type: 'text/html', body: '<!doctype html><title>export</title>' },
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/export.js': await bundle('benchmarks/pages/export.ts', { limbeck: `${root}dist/index.js` }),
    '/layers.js': await bundle('e2e/pages/exportLayers.ts'),
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });

/** Exported layers and students in onnxruntime-web against tfjs on the kernels, within 1e-4. */
async function measureLayers() {
  const layers = { passed: 0, failed: 0, failures: [] };
  for (let offset = 0; offset < PARTS; offset++) {
    const page = await browser.newPage();
    await page.goto(`${server.url}/bench.html`);
    const result = await page.evaluate(
      (request) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/layers.js', { type: 'module' });
          worker.onerror = (event) => reject(new Error(event.message));
          worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data) : reject(new Error(data.error)));
          worker.postMessage(request);
        }),
      { opset: OPSET, every: PARTS, offset },
    );
    await page.close();
    const failures = [...result.failures, ...result.refused];
    layers.passed += result.cases - failures.length;
    layers.failed += failures.length;
    layers.failures.push(...failures);
  }
  return layers;
}

/** The student of the main job and its teacher, timed in the same run. */
async function measureStudent() {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.url}/demo/bench.html`);
  await page.addScriptTag({ url: './export.js', type: 'module' });
  await page.waitForFunction(() => globalThis.bench !== undefined);
  const measured = await page.evaluate(() => globalThis.bench.student(1));
  await page.close();
  return measured;
}

const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;
let result;
try {
  const layers = await measureLayers();
  console.log(
    `layers     ${layers.passed} of ${layers.passed + layers.failed} give in onnxruntime-web what tfjs gives`,
  );
  for (const failure of layers.failures) console.log(`           ${failure}`);
  const { forms, teacher } = await measureStudent();
  for (const [form, figures] of Object.entries({ ...forms, teacher })) {
    const { accuracy, bytes, msPerExample } = figures;
    console.log(
      `${form.padEnd(10)} ${percent(accuracy)}, ${(bytes / 1000).toFixed(1)} KB, ` +
        `${msPerExample[1].toFixed(3)} ms alone, ${msPerExample[32].toFixed(4)} ms in a batch of 32`,
    );
  }
  result = {
    machine: machineName(),
    browser: browser.version(),
    date: new Date().toISOString(),
    layers,
    student: Object.fromEntries(Object.entries(forms).map(withBatch32)),
    teacher: withBatch32(['teacher', teacher])[1],
  };
} finally {
  await browser.close();
  await server.close();
}

/** Where one number is asked for: that of a batch of 32. Both are in the file. */
function withBatch32([name, { accuracy, bytes, msPerExample }]) {
  return [name, { accuracy, bytes, msPerExample: msPerExample[32], msPerExampleByBatch: msPerExample }];
}

const { teacherEngines, denormals, shapes } = await measureEngines({ rounds: Number(values.rounds) });
for (const [model, engines] of Object.entries(teacherEngines)) printEngines(model, engines, denormals[model]);
const { rows: quantisationAware } = await measureQuantizationAware({ seeds: Number(values.seeds) });
quantisationAware.forEach(printRow);
Object.assign(result, {
  teacherEngines: teacherEngines.rec,
  otherEngines: { cls: teacherEngines.cls, det: teacherEngines.det },
  denormals,
  shapes,
  quantisationAware,
});
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
if (result.layers.failed > 0) process.exitCode = 1;
