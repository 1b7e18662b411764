// Students taken elsewhere: every layer's export against tfjs, the main job's student in each form, the two engines of a
// teacher, and what quantization-aware distillation wins back.
// Usage: node benchmarks/export.mjs [--json FILE] [--budget SECONDS] [--seeds N]   (the budget of a teacher's model)
import { parseArgs } from 'node:util';
import { measureEngines, printEngines } from './engines.mjs';
import { DEMO, openPage } from './openPage.mjs';
import { measureQuantizationAware, printRow } from './quantizationAware.mjs';
import { writeResult } from './writeResult.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    budget: { type: 'string', default: '120' },
    seeds: { type: 'string', default: '3' },
  },
});
/** Parts of the layer cases, so that no page lives for minutes. */
const PARTS = 4;
const OPSET = 17;

const { tab, bench, about, close } = await openPage({
  script: 'benchmarks/pages/export.ts',
  folder: DEMO,
  workers: { '/layers.js': 'e2e/pages/exportLayers.ts' },
});

/** Exported layers and students in onnxruntime-web against tfjs on the kernels, within 1e-4. */
async function measureLayers() {
  const layers = { passed: 0, failed: 0, failures: [] };
  for (let offset = 0; offset < PARTS; offset++) {
    const page = await tab.context().newPage();
    await page.goto(tab.url());
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

const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;
let result;
try {
  const layers = await measureLayers();
  console.log(
    `layers     ${layers.passed} of ${layers.passed + layers.failed} give in onnxruntime-web what tfjs gives`,
  );
  for (const failure of layers.failures) console.log(`           ${failure}`);
  // The student of the main job and its teacher, timed in the same run.
  const { forms, teacher } = await bench('student', 1);
  for (const [form, figures] of Object.entries({ ...forms, teacher })) {
    const { accuracy, bytes, msPerExample } = figures;
    console.log(
      `${form.padEnd(10)} ${percent(accuracy)}, ${(bytes / 1000).toFixed(1)} KB, ` +
        `${msPerExample[1].toFixed(3)} ms alone, ${msPerExample[32].toFixed(4)} ms in a batch of 32`,
    );
  }
  result = {
    ...about,
    layers,
    student: Object.fromEntries(Object.entries(forms).map(withBatch32)),
    teacher: withBatch32(['teacher', teacher])[1],
  };
} finally {
  await close();
}

/** Where one number is asked for: that of a batch of 32. Both are in the file. */
function withBatch32([name, { accuracy, bytes, msPerExample }]) {
  return [name, { accuracy, bytes, msPerExample: msPerExample[32], msPerExampleByBatch: msPerExample }];
}

const engines = await measureEngines({ budgetMs: 1000 * Number(values.budget) });
const { teacherEngines, denormals, examples, intervals, batches } = engines;
for (const model of Object.keys(teacherEngines)) printEngines(model, engines);
const { rows: quantisationAware } = await measureQuantizationAware({ seeds: Number(values.seeds) });
quantisationAware.forEach(printRow);
Object.assign(result, {
  teacherEngines: teacherEngines.rec,
  otherEngines: { cls: teacherEngines.cls, det: teacherEngines.det },
  ...{ denormals, examples, intervals, batches },
  quantisationAware,
});
await writeResult(values.json, result);
if (result.layers.failed > 0) process.exitCode = 1;
