// Runs inside a worker: onnxruntime-web as anyone would use it, without limbeck. One model, ready-made inputs.
import * as ort from 'onnxruntime-web/wasm';
import { timePasses } from '../../src/core/timing.ts';
import { answerQuestions, type Timed } from './answerQuestions.ts';

export type PlainRequest =
  | { readonly ask: 'open'; readonly model: string; readonly threads: number }
  | ({ readonly ask: 'time'; readonly batch: number } & Timed);

let session: ort.InferenceSession | undefined;
const feedsOf = new Map<number, Record<string, ort.Tensor>>();

async function open({ model, threads }: Extract<PlainRequest, { ask: 'open' }>) {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: '/ort-wasm-simd-threaded.mjs', wasm: '/ort-wasm-simd-threaded.wasm' };
  session = await ort.InferenceSession.create(new Uint8Array(await (await fetch(model)).arrayBuffer()), {
    executionProviders: ['wasm'],
  });
  return { threads: ort.env.wasm.numThreads };
}

function feeds(batch: number): Record<string, ort.Tensor> {
  const known = feedsOf.get(batch);
  if (known !== undefined) return known;
  const length = batch * 3 * 48 * 48;
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1);
  const made = { x: new ort.Tensor('float32', data, [batch, 3, 48, 48]) };
  feedsOf.set(batch, made);
  return made;
}

answerQuestions((request: PlainRequest) => {
  if (request.ask === 'open') return open(request);
  const given = feeds(request.batch);
  return timePasses(() => (session as ort.InferenceSession).run(given), request.figures, 0, request.together);
});
