// Runs inside a worker: every exported layer and student, tfjs on the kernels against onnxruntime-web in a real browser.
import { artifactsToOnnx } from '../../src/export/artifactsToOnnx.ts';
import { difference, EXPORTED_CASES, predicted, seededInputs } from '../../src/export/exportedCases.ts';
import { loadAsset } from '../../src/runtime/assets.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import { installKernels } from '../../src/runtime/kernels/install.ts';
import { type Ort, startOrt } from '../../src/runtime/ort.ts';
import * as tf from '../../src/runtime/tf.ts';
import { artifactsOf } from '../../src/student/layersModel.ts';

export interface ExportLayersRequest {
  readonly opset: number;
  /** Takes every `every`th case, from `offset` on. */
  readonly every: number;
  readonly offset: number;
}

export interface ExportLayersResult {
  readonly error?: string;
  readonly cases: number;
  readonly hasKernels: boolean;
  /** Cases for which tfjs-wasm has no kernel at all, with its own words. */
  readonly refused: readonly string[];
  readonly failures: readonly string[];
  readonly worst: number;
}

self.onmessage = async ({ data }: MessageEvent<ExportLayersRequest>) => {
  try {
    self.postMessage(await compare(data));
  } catch (error) {
    self.postMessage({ error: String(error instanceof Error ? error.stack : error) });
  }
};

async function compare({ opset, every, offset }: ExportLayersRequest): Promise<ExportLayersResult> {
  const backend = await openBackendHere({ simdLevel: 'simd', threads: 1, assetBase: '/' });
  await installKernels(await loadAsset('kernels-simd.wasm', '/'), 1);
  const { ort } = await startOrt({ threads: 1, assetBase: '/' });
  const [refused, failures]: [string[], string[]] = [[], []];
  const cases = EXPORTED_CASES.filter((_, i) => i % every === offset);
  let worst = 0;
  for (const { name, inputs, build } of cases) {
    const model = await build(tf);
    try {
      const given = seededInputs(inputs, 2);
      const wanted = await predicted(tf, model, given).catch((error: unknown) => String(error));
      if (typeof wanted === 'string') {
        refused.push(`${name}: ${wanted.split('\n')[0]}`);
        continue;
      }
      const outputs = await run(ort, artifactsToOnnx(await artifactsOf(model), { opset }), given);
      const far = Math.max(...wanted.map((one, i) => difference(outputs[i], one)));
      worst = Math.max(worst, far);
      if (!(far < 1e-4)) failures.push(`${name}: ${far}`);
    } catch (error) {
      failures.push(`${name}: ${String(error)}`);
    } finally {
      model.dispose();
      tf.disposeVariables();
    }
  }
  const { hasKernels } = backend.description;
  backend.dispose();
  return { cases: cases.length, hasKernels, refused, failures, worst };
}

async function run(ort: Ort, bytes: Uint8Array, given: ReturnType<typeof seededInputs>) {
  const session = await ort.InferenceSession.create(bytes);
  try {
    const feeds = given.map(({ data, shape }, i) => {
      const type = data instanceof Int32Array ? 'int32' : 'float32';
      return [session.inputNames[i] as string, new ort.Tensor(type as 'float32', data as Float32Array, shape)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    return session.outputNames.map((name) => ({
      data: results[name]?.data as Float32Array,
      shape: results[name]?.dims as readonly number[],
    }));
  } finally {
    await session.release();
  }
}
