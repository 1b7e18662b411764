// Teachers that are no ONNX file, each in the place where it runs: a worker of its own, or the page.
import {
  distill,
  ensemble,
  fromArrays,
  fromFunction,
  loadTfjsTeacher,
  mlp,
  ndArray,
  snapshot,
  softTargets,
  weighted,
} from 'limbeck';
import { tf } from 'limbeck/tfjs';

const CLASSES = 3;
const EXAMPLES = 256;
const x = ndArray(
  Float32Array.from({ length: EXAMPLES * 2 }, (_, i) => Math.sin(12.9898 * i) * 2),
  [EXAMPLES, 2],
);

function model(seed: number): tf.LayersModel {
  const layers = [
    tf.layers.dense({ units: 16, inputShape: [2], activation: 'tanh', kernelInitializer: normal(seed) }),
    tf.layers.dense({ units: CLASSES, kernelInitializer: normal(seed + 1) }),
  ];
  return tf.sequential({ layers });
}

function normal(seed: number) {
  return tf.initializers.randomNormal({ seed, stddev: 1 });
}

function largestDifference(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}

const predict = (of: tf.LayersModel) =>
  tf.tidy(() => (of.predict(tf.tensor2d(x.data, [EXAMPLES, 2])) as tf.Tensor).dataSync());

/** A model of the page, copied into a worker: it answers as the page's does, and goes on when that one changes. */
async function snapshotOfModel() {
  const own = model(1);
  const needed = predict(own);
  await using teacher = await snapshot(own);
  own.setWeights(own.getWeights().map((weight) => tf.zerosLike(weight)));
  const { logits } = await teacher.ask({ x });
  return { difference: largestDifference(logits?.data, needed), description: teacher.description };
}

/** Files of a graph at an address; the page itself has no converter. */
async function graphAtAddress() {
  const run = loadTfjsTeacher('/graph/model.json');
  await using teacher = await run.done;
  const { logits } = await teacher.ask({ x: ndArray(Float32Array.of(1, 2, -1, 0.5), [2, 2]) });
  return { logits: Array.from(logits?.data ?? []), description: teacher.description };
}

async function missingGraph() {
  const error = await loadTfjsTeacher('/graph/none.json').done.catch((thrown: unknown) => thrown);
  return (error as { code?: string }).code;
}

/** Two teachers and a function teach one student, by the mean of their probabilities and by the mean of losses. */
async function taughtByEnsemble() {
  const [a, b] = [model(1), model(3)];
  await using first = await snapshot(a);
  await using second = await snapshot(b);
  const third = fromFunction((inputs) => first.ask(inputs), { name: 'page', version: '1' });
  const data = fromArrays({ x });
  const losses = weighted(
    [4, 2].map((temperature, i) => ({ loss: softTargets({ temperature, teacherOutput: `logits@${i}` }), weight: 0.5 })),
  );
  const settings = { data, epochs: 20, optimizer: { name: 'adam', learningRate: 0.02 } } as const;
  const byProbs = ensemble([first, second, third], { mean: 'probs', weights: [1, 2, 1] });
  const student = () => mlp({ inputShape: [2], classes: CLASSES, hidden: [16] });
  const seen: number[][] = [];
  for (const options of [
    { teacher: byProbs, student: student() },
    { teacher: ensemble([first, second], { mean: 'losses' }), student: student(), loss: losses },
  ]) {
    const run = distill({ ...settings, ...options });
    const means: number[] = [];
    for await (const event of run) if (event.type === 'epoch') means.push(event.loss);
    await run.done;
    seen.push(means);
  }
  return { seen, identity: byProbs.description.identity };
}

export async function runOtherTeachers() {
  await tf.setBackend('cpu');
  return {
    snapshot: await snapshotOfModel(),
    graph: await graphAtAddress(),
    missing: await missingGraph(),
    taught: await taughtByEnsemble(),
  };
}

declare global {
  interface Window {
    runOtherTeachers: typeof runOtherTeachers;
  }
}
window.runOtherTeachers = runOtherTeachers;
