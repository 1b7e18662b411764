// What `quantize` makes, on limbeck's kernels and in onnxruntime-web.
import { afterAll, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { builtAssets, ortAssets } from '../runtime/cases/assetCases.ts';
import { createOnnxSession } from '../teacher/session/session.ts';
import { type GoldenModel, goldenBytes, goldenData, HERE, worstShare } from './quantize/quantizeCases.ts';
import { quantize } from './quantize.ts';
import type { QuantizeOptions } from './quantizeOptions.ts';

const [ort, kernels] = [createOnnxSession(), createOnnxSession()];
afterAll(() => Promise.all([ort.close(), kernels.close()]));

/**
 * Each form, and how far the answers may be apart, as a share of the largest. Weights alone are the same numbers on both sides.
 * Of static int8, onnxruntime rounds whole sums where we round floats: a number may be its neighbour. Halves are rounded
 * between nodes by onnxruntime only.
 */
const forms: readonly (readonly [string, (name: GoldenModel) => QuantizeOptions, number])[] = [
  ['dynamic int8', () => ({ to: 'dynamic-int8' }), 4e-6],
  ['dynamic int8 with one scale a matrix', () => ({ to: 'dynamic-int8', perChannel: false }), 4e-6],
  ['static int8', (name) => ({ to: 'static-int8', calibration: goldenData(name) }), 2e-2],
  ['weights as halves', () => ({ to: 'float16' }), 4e-6],
  ['halves', () => ({ to: 'float16', float16: 'graph' }), 4e-3],
  ['halves, inputs and outputs too', () => ({ to: 'float16', float16: 'graph', keepInputs: false }), 4e-3],
  ['int4', () => ({ to: 'int4' }), 4e-6],
];

const cases = forms.flatMap(([form, options, tolerance]) =>
  (['image', 'products'] as const).map((name) => [`${form}, ${name}`, name, options, tolerance] as const),
);

test.each(cases)('%s', async (_, name, options, tolerance) => {
  const { bytes } = await quantize(goldenBytes(name), { ...HERE, ...options(name) }).done;
  const { inputs } = await goldenData(name).read(Int32Array.of(0, 1, 2, 3, 4));
  const files = { model: new Blob([bytes as Uint8Array<ArrayBuffer>]), externalData: [] };
  const x = Object.values(inputs)[0] as NdArray;
  await ort.open(files, { name, assetBase: ortAssets() }, { device: 'wasm', threads: 1 });
  await kernels.open(files, { name, assetBase: builtAssets() }, { device: 'kernels', threads: 1 });
  const expected = (await ort.run({ x }))['y'] as NdArray;
  // Computed directly, recorded, replayed.
  for (let run = 0; run < 3; run++) {
    const { data, shape } = (await kernels.run({ x }))['y'] as NdArray;
    expect(shape).toEqual(expected.shape);
    expect(worstShare(data, expected.data)).toBeLessThanOrEqual(tolerance);
  }
  await Promise.all([ort.close(), kernels.close()]);
});
