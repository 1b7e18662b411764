// Runs inside a worker: steps of mlp and cnn in jax-js on its wasm backend, with plain gradient descent (it has no Adam).
// @ts-expect-error: served beside the page, not a package of this project
import * as jax from '/jax.js';
import { timePasses } from '../../src/core/timing.ts';
import { answerQuestions, type Timed } from './answerQuestions.ts';

const { numpy: np, nn, random, jit, valueAndGrad, lax, tree, init, defaultDevice } = jax;
const BATCH = 64;
/** As slow as the other sides of benchmarks/train.mjs learn. */
const RATE = 1e-6;

// biome-ignore lint/suspicious/noExplicitAny: jax-js arrays and trees are not typed here
type Any = any;

const matrix = (key: number, shape: number[]): Any => random.normal(random.key(key), shape).mul(0.05);
const dense = (key: number, inputs: number, outputs: number) => ({
  w: matrix(key, [inputs, outputs]),
  b: np.zeros([outputs]),
});
const conv = (key: number, outputs: number, inputs: number) => ({
  w: matrix(key, [outputs, inputs, 3, 3]),
  b: np.zeros([outputs, 1, 1]),
});
const apply = (layer: Any, x: Any) => np.matmul(x, layer.w).add(layer.b);
const convolve = (layer: Any, x: Any) => lax.conv(x, layer.w, [1, 1], 'VALID').add(layer.b);

/** 2 × 2 maxima; an odd last row and column are left out. */
function pool(x: Any): Any {
  const [images, channels, height, width] = x.shape;
  const [rows, columns] = [height >> 1, width >> 1];
  const even = height % 2 || width % 2 ? x.slice([], [], [0, rows * 2], [0, columns * 2]) : x;
  return even.reshape([images, channels, rows, 2, columns, 2]).max([3, 5]);
}

const students: Record<string, () => { weights: Any; shape: number[]; logits: (weights: Any, x: Any) => Any }> = {
  mlp: () => ({
    weights: { a: dense(1, 784, 256), b: dense(2, 256, 128), c: dense(3, 128, 10) },
    shape: [BATCH, 784],
    logits: (weights, x) => apply(weights.c, nn.relu(apply(weights.b, nn.relu(apply(weights.a, x))))),
  }),
  cnn: () => ({
    weights: { a: conv(1, 16, 1), b: conv(2, 32, 16), c: dense(3, 800, 64), d: dense(4, 64, 10) },
    shape: [BATCH, 1, 28, 28],
    logits: (weights, x) => {
      const first = pool(nn.relu(convolve(weights.a, x)));
      const second = pool(nn.relu(convolve(weights.b, first)));
      return apply(weights.d, nn.relu(apply(weights.c, second.reshape([BATCH, 800]))));
    },
  }),
};

const steppers = new Map<string, () => Promise<void>>();

function stepperOf(name: string): () => Promise<void> {
  const known = steppers.get(name);
  if (known !== undefined) return known;
  const { weights: start, shape, logits } = (students[name] as NonNullable<(typeof students)[string]>)();
  const x = random.normal(random.key(9), shape);
  const labels = np.array(Array.from({ length: BATCH }, (_, i) => i % 10)).astype(np.int32);
  const y = nn.oneHot(labels, 10);
  const cost = (weights: Any, images: Any, targets: Any) =>
    nn
      .logSoftmax(logits(weights, images))
      .mul(targets)
      .sum()
      .mul(-1 / BATCH);
  const gradient = jit((weights: Any, images: Any, targets: Any) => valueAndGrad(cost)(weights, images, targets));
  let weights = start;
  const step = async () => {
    const [value, gradients] = gradient(tree.ref(weights), x.ref, y.ref);
    await value.data();
    weights = tree.map((weight: Any, change: Any) => weight.sub(change.mul(RATE)), weights, gradients);
    await weights.c.b.ref.data();
  };
  steppers.set(name, step);
  return step;
}

type JaxRequest =
  | { readonly ask: 'open' }
  | { readonly ask: 'about'; readonly student: string }
  | ({ readonly ask: 'step'; readonly student: string } & Timed);

answerQuestions(async (request: JaxRequest) => {
  if (request.ask === 'open') {
    await init('wasm');
    defaultDevice('wasm');
    return {};
  }
  const step = stepperOf(request.student);
  return request.ask === 'about' ? {} : timePasses(step, request.figures, 0, request.together);
});
