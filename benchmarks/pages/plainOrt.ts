// Runs inside a worker: onnxruntime-web as anyone would use it, without limbeck. One model, ready-made inputs.
import * as ort from 'onnxruntime-web/wasm';

export type PlainRequest =
  | { readonly ask: 'open'; readonly model: string; readonly threads: number }
  | { readonly ask: 'run'; readonly batch: number; readonly passes: number; readonly warmUps: number };

let session: ort.InferenceSession | undefined;

async function open({ model, threads }: Extract<PlainRequest, { ask: 'open' }>) {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: '/ort-wasm-simd-threaded.mjs', wasm: '/ort-wasm-simd-threaded.wasm' };
  session = await ort.InferenceSession.create(new Uint8Array(await (await fetch(model)).arrayBuffer()), {
    executionProviders: ['wasm'],
  });
  return { threads: ort.env.wasm.numThreads };
}

/** Examples a second of `passes` passes, one after the other. */
async function run({ batch, passes, warmUps }: Extract<PlainRequest, { ask: 'run' }>) {
  const length = batch * 3 * 48 * 48;
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1);
  const feeds = { x: new ort.Tensor('float32', data, [batch, 3, 48, 48]) };
  const pass = () => (session as ort.InferenceSession).run(feeds);
  for (let i = 0; i < warmUps; i++) await pass();
  const start = performance.now();
  for (let i = 0; i < passes; i++) await pass();
  return { examplesPerSecond: (batch * passes * 1000) / (performance.now() - start) };
}

self.onmessage = async ({ data }: MessageEvent<PlainRequest>) => {
  try {
    self.postMessage({ result: data.ask === 'open' ? await open(data) : await run(data) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
