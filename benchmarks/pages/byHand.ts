// Runs inside a worker: onnxruntime-web and tfjs as anyone would use them, without limbeck, timed by a loop of its own.
import * as tfjs from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as ort from 'onnxruntime-web/wasm';
import { answerQuestions, type Timed } from './answerQuestions.ts';

export type HandRequest =
  | { readonly ask: 'file'; readonly model: Uint8Array; readonly shape: readonly number[] }
  | { readonly ask: 'predict' | 'train'; readonly batch: number }
  | ({ readonly ask: 'time' } & Timed);

let pass: () => Promise<unknown> = async () => undefined;

const numbers = (length: number) => Float32Array.from({ length }, () => 2 * Math.random() - 1);

async function openFile(model: Uint8Array, shape: readonly number[]) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: '/ort-wasm-simd-threaded.mjs', wasm: '/ort-wasm-simd-threaded.wasm' };
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const [input = 'x'] = session.inputNames;
  const length = shape.reduce((product, side) => product * side, 1);
  const feeds = { [input]: new ort.Tensor('float32', numbers(length), shape) };
  pass = () => session.run(feeds);
}

/** The mlp of limbeck's zoo, written by hand. */
async function openMlp(work: 'predict' | 'train', batch: number) {
  setWasmPaths('/tfjs/');
  setThreadsCount(1);
  tfjs.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await tfjs.setBackend('wasm');
  const model = tfjs.sequential({
    layers: [
      tfjs.layers.dense({ units: 256, activation: 'relu', inputShape: [784] }),
      tfjs.layers.dense({ units: 128, activation: 'relu' }),
      tfjs.layers.dense({ units: 10 }),
    ],
  });
  const data = numbers(batch * 784);
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 10);
  const adam = tfjs.train.adam(1e-6);
  if (work === 'predict') {
    pass = async () => {
      const answer = tfjs.tidy(() => model.predict(tfjs.tensor(data, [batch, 784])) as tfjs.Tensor);
      await answer.data();
      answer.dispose();
    };
    return;
  }
  pass = async () => {
    const loss = tfjs.tidy(() => {
      const step = () => {
        const targets = tfjs.oneHot(tfjs.tensor1d(labels, 'int32'), 10);
        const logits = model.apply(tfjs.tensor(data, [batch, 784]), { training: true }) as tfjs.Tensor;
        return tfjs.losses.softmaxCrossEntropy(targets, logits) as tfjs.Scalar;
      };
      return adam.minimize(step, true) as tfjs.Scalar;
    });
    await loss.data();
    loss.dispose();
  };
}

async function answer(request: HandRequest): Promise<unknown> {
  if (request.ask === 'file') return openFile(request.model, request.shape);
  if (request.ask !== 'time') return openMlp(request.ask, request.batch);
  const times: number[] = [];
  for (let i = 0; i < request.figures; i++) {
    const start = performance.now();
    for (let j = 0; j < request.together; j++) await pass();
    times.push((performance.now() - start) / request.together);
  }
  return times;
}

answerQuestions(answer);
