// Two other ways to personalize, both on stock tfjs on this page and on the same features, those of the student's layer
// before the last: @tensorflow-models/knn-classifier, and that last layer alone, trained with tf.LayersModel.fit.
import * as knnClassifier from '@tensorflow-models/knn-classifier';
import type { StudentArtifacts } from 'limbeck';
import { argMax } from '../../src/core/stats.ts';
import * as tf from '../../src/runtime/tf.ts';
import { classifierOf } from '../../src/student/topology/classifier.ts';
import type { Labelled, PersonDigits } from './personalizeDigits.ts';

export type PeerName = 'knn-classifier' | 'tfjs-head';

export interface PeerRow {
  readonly after: number;
  /** On the same digits as they were, without and with what was learned. */
  readonly base: { readonly before: number; readonly after: number };
  /** From the examples' pixels until it can answer: their features, and learning. */
  readonly adaptMs: number;
  /** What must be stored: the examples' features, or the layer's weights. */
  readonly bytes: number;
}

/** What the knn-classifier asks by default. */
const NEIGHBOURS = 3;
/** At a quarter of the rate it takes twice the epochs to read as many of the people's digits. */
const HEAD = { epochs: 30, batchSize: 32, learningRate: 2e-2 };

/** A peer that has learned. */
interface Adapted extends Disposable {
  readonly bytes: number;
  /** The class of each row. */
  name(features: tf.Tensor2D): Promise<Int32Array>;
}

let isOpen = false;

/** Adapts a peer to a person and counts how many held-out digits it then reads. */
export async function measurePeer(
  name: PeerName,
  { own, heldOut, plain }: PersonDigits,
  artifacts: StudentArtifacts,
): Promise<PeerRow> {
  await openWasm();
  const student = await tf.loadLayersModel(tf.io.fromMemory({ ...artifacts } as tf.io.ModelArtifacts));
  const classifier = classifierOf(artifacts);
  const last = student.getLayer(classifier.layer);
  const output = student.getLayer(classifier.features).output as tf.SymbolicTensor;
  const body = tf.model({ inputs: student.inputs, outputs: output });
  const scoreOf = async (adapted: Adapted, { labels, ...digits }: Labelled) => {
    const features = featuresOf(body, { labels, ...digits });
    const named = await adapted.name(features);
    features.dispose();
    return named.filter((label, i) => label === labels[i]).length / named.length;
  };
  try {
    const startedAt = performance.now();
    const features = featuresOf(body, own);
    using adapted =
      name === 'knn-classifier'
        ? neighbours(features, own.labels)
        : await trainedHead(features, own.labels, last.getWeights());
    const adaptMs = performance.now() - startedAt;
    features.dispose();
    using untaught = headOf(last.getWeights());
    const base = { before: await scoreOf(untaught, plain), after: await scoreOf(adapted, plain) };
    return { after: await scoreOf(adapted, heldOut), base, adaptMs, bytes: adapted.bytes };
  } finally {
    student.dispose();
  }
}

/** tfjs's own files lie where the library has them. Its other backend for processors, cpu, takes eight times as long. */
async function openWasm(): Promise<void> {
  if (isOpen) return;
  tf.setWasmPaths('/');
  if (!(await tf.setBackend('wasm'))) throw new Error("tfjs's wasm backend does not start here.");
  isOpen = true;
}

/** [N, F]. */
function featuresOf(body: tf.LayersModel, { inputs, size }: Labelled): tf.Tensor2D {
  const { data, shape } = inputs['input'] as { data: Float32Array; shape: readonly number[] };
  return tf.tidy(() => {
    const images = tf.tensor(data, [...shape]);
    return body.predict(images, { batchSize: Math.min(size, 512) }) as tf.Tensor2D;
  });
}

function neighbours(features: tf.Tensor2D, labels: Int32Array): Adapted {
  const classifier = knnClassifier.create();
  for (const [i, label] of labels.entries()) {
    tf.tidy(() => classifier.addExample(tf.slice(features, i, 1), label));
  }
  const stored = Object.values(classifier.getClassifierDataset());
  return {
    bytes: stored.reduce((sum, { size }) => sum + 4 * size, 0),
    async name(rows) {
      const named = new Int32Array(rows.shape[0]);
      for (let i = 0; i < named.length; i++) {
        const row = tf.slice(rows, i, 1);
        named[i] = Number((await classifier.predictClass(row, NEIGHBOURS)).label);
        row.dispose();
      }
      return named;
    },
    [Symbol.dispose]: () => classifier.dispose(),
  };
}

async function trainedHead(features: tf.Tensor2D, labels: Int32Array, start: tf.Tensor[]): Promise<Adapted> {
  const head = headOf(start);
  const loss = (truth: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(truth, logits) as tf.Tensor;
  head.model.compile({ optimizer: tf.train.adam(HEAD.learningRate), loss });
  const truth = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), start[1]?.size ?? 0).toFloat());
  // In the order that they were drawn in, so that it is the same each time.
  await head.model.fit(features, truth, { ...HEAD, shuffle: false });
  truth.dispose();
  return head;
}

/** A dense layer by itself, with these weights. */
function headOf(weights: tf.Tensor[]): Adapted & { readonly model: tf.Sequential } {
  const [inputs = 0, classes = 0] = weights[0]?.shape ?? [];
  const model = tf.sequential({ layers: [tf.layers.dense({ units: classes, inputShape: [inputs], weights })] });
  return {
    model,
    bytes: 4 * model.countParams(),
    async name(rows) {
      const logits = tf.tidy(() => model.predict(rows) as tf.Tensor2D);
      const values = await logits.data();
      logits.dispose();
      return Int32Array.from({ length: rows.shape[0] }, (_, i) => argMax(values, i * classes, classes));
    },
    [Symbol.dispose]: () => void model.dispose(),
  };
}
