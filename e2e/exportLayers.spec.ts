import { isLong } from '../scripts/isLong.mjs';
import { bundle, expect, test } from './fixtures.ts';
import type { ExportLayersResult } from './pages/exportLayers.ts';

const PARTS = 4;

/** Layers that tfjs-wasm has no kernel for, so that a student cannot have them there. */
const REFUSED = /Kernel '\w+' not registered for backend 'wasm'/;

/** Unit tests ask all layers of onnxruntime's build for Node. */
const TRIED = isLong ? PARTS : 1;

for (const offset of Array.from({ length: TRIED }, (_, i) => i)) {
  test(`exported layers give in onnxruntime-web what tfjs gives, part ${offset + 1} of ${PARTS}`, async ({
    page,
    serveDist,
  }) => {
    const body = await bundle('pages/exportLayers.ts');
    const url = await serveDist({ extra: { '/export-layers.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    const opset = [13, 17, 21, 17][offset] as number;
    const result = (await page.evaluate(
      (request) =>
        new Promise<unknown>((resolve) => {
          const worker = new Worker('/export-layers.js', { type: 'module' });
          worker.onerror = (event) => resolve({ error: event.message });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(request);
        }),
      { opset, every: PARTS, offset },
    )) as ExportLayersResult;
    expect(result.error).toBeUndefined();
    expect(result.failures).toEqual([]);
    expect(result.refused.filter((one) => !REFUSED.test(one))).toEqual([]);
    expect(result.refused.length).toBeLessThan(result.cases / 10);
    expect(result.hasKernels).toBe(true);
    expect(result.cases).toBeGreaterThan(80);
  });
}
