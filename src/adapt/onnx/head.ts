import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { checkCount, checkKnownOptions, checkNotNegative, checkPositive } from '../../core/options.ts';
import { pickRows } from '../../core/rows.ts';
import { firstNonFinite, formatShape, type NdArray } from '../../core/shape.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { specOf } from '../../losses/revive.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import { splitWeights } from '../../student/weightBytes.ts';
import type { EpochEvent } from '../../train/loop.ts';
import type { Trainer } from '../../train/trainer.ts';
import { type LinearHead, scaledHead, scaledRows, scalingOf, unscaledHead } from './headScaling.ts';

/** What a head learns from, and how. */
export interface TrainHeadOptions {
  /** [N, F] */
  readonly features: NdArray;
  readonly labels: Int32Array;
  readonly classes: number;
  /** Where it starts. Default: zeros. */
  readonly initial?: LinearHead;
  /** At least so many, in whole passes over the examples, of which there are 20 or more. Default 200. */
  readonly steps?: number;
  /** Of Adam. Default 0.1. */
  readonly learningRate?: number;
  /** λ of λ/2 ‖W‖² beside the cross-entropy, W those for standardised features of length about 1. Default 0.0001. */
  readonly weightDecay?: number;
  readonly trainer: Trainer;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly emit?: (event: EpochEvent) => void;
}

export interface TrainedHead extends LinearHead {
  /** Mean cross-entropy in nats of each pass over the examples. */
  readonly losses: readonly number[];
}

const KNOWN = ['features', 'labels', 'classes', 'initial', 'steps', 'learningRate', 'weightDecay', 'trainer', 'seed'];
const BATCH = 256;
const LEAST_EPOCHS = 20;

/**
 * Multinomial logistic regression with an L2 penalty, by Adam from zeros. Features are standardised and divided by √F, so
 * that rate and penalty mean the same for any backbone; the head that comes out takes them as they are. The problem is
 * convex, and batches of up to 256 with these defaults end near its minimum.
 * Shapes    features [N, F], labels [N] → weights [F, C], bias [C]
 * Throws    shape-mismatch · not-finite · invalid-option · AbortError and what the trainer throws
 * Source    Bishop 2006, Pattern Recognition and Machine Learning, §4.3.4 and §5.5
 */
export async function trainHead(options: TrainHeadOptions): Promise<TrainedHead> {
  checkKnownOptions(options, [...KNOWN, 'signal', 'emit'], 'trainHead');
  const { features, labels, classes, steps = 200, learningRate = 0.1, weightDecay = 1e-4, seed = 0 } = options;
  const { trainer, signal = new AbortController().signal, emit } = options;
  checkCount(steps, 'steps');
  checkPositive(learningRate, 'learningRate');
  checkNotNegative(weightDecay, 'weightDecay');
  checkFeatures(options);
  const size = labels.length;
  const scaling = scalingOf(features);
  const scaled = scaledRows(features, scaling);
  const losses: number[] = [];
  const artifacts = denseOf(
    scaledHead(options.initial ?? zerosFor(options), scaling),
    features.shape[1] as number,
    classes,
  );
  const outcome = await trainer.train(
    {
      student: { kind: 'artifacts', artifacts },
      loss: specOf(crossEntropy()),
      size,
      epochs: Math.max(LEAST_EPOCHS, Math.ceil(steps / Math.ceil(size / BATCH))),
      batchSize: Math.min(size, BATCH),
      optimizer: { name: 'adam', learningRate, weightDecay },
      seed,
      holdoutSize: 0,
    },
    {
      read: async (indices) => ({
        inputs: { features: pickRows(scaled, indices) },
        teacher: {},
        labels: Int32Array.from(indices, (i) => labels[i] as number),
      }),
      readInputs: async () => ({}),
      readHoldout: async () => ({}),
    },
    (event) => {
      if (event.type !== 'epoch') return;
      losses.push(event.loss);
      emit?.(event);
    },
    signal,
  );
  throwIfAborted(signal);
  if (outcome.error !== undefined) throw outcome.error;
  return { ...unscaledHead(headIn(outcome.artifacts), scaling), losses };
}

function checkFeatures({ features, labels, classes, initial }: TrainHeadOptions): void {
  const [count = 0, width = 0] = features.shape;
  const isFitting = features.shape.length === 2 && count === labels.length && count > 0 && width > 0;
  const fitsInitial =
    initial === undefined || (initial.weights.length === width * classes && initial.bias.length === classes);
  if (!isFitting || !fitsInitial || labels.some((label) => label < 0 || label >= classes)) {
    throw new LimbeckError(
      'shape-mismatch',
      `A head takes features [N, F], N labels from 0 to ${classes - 1}, and, where it starts from others, weights ` +
        `[F, ${classes}]; given features ${formatShape(features.shape)} and ${labels.length} labels.`,
      { details: { features: features.shape, labels: labels.length, classes } },
    );
  }
  const at = firstNonFinite(features.data);
  if (at < 0) return;
  throw new LimbeckError(
    'not-finite',
    `The features of example ${Math.floor(at / width)} hold ${features.data[at]}. Check how inputs reach the model ("input").`,
    { details: { example: Math.floor(at / width) } },
  );
}

/** One dense layer in tfjs's layers format. */
function denseOf({ weights, bias }: LinearHead, features: number, classes: number): StudentArtifacts {
  const input = { batch_input_shape: [null, features], dtype: 'float32', sparse: false, name: 'features' };
  const dense = { name: 'logits', units: classes, activation: 'linear', use_bias: true, trainable: true };
  const layers = [
    { name: 'features', class_name: 'InputLayer', config: input, inbound_nodes: [] },
    { name: 'logits', class_name: 'Dense', config: dense, inbound_nodes: [[['features', 0, 0, {}]]] },
  ];
  const ends = { input_layers: [['features', 0, 0]], output_layers: [['logits', 0, 0]] };
  const weightData = new Float32Array(weights.length + bias.length);
  weightData.set(weights);
  weightData.set(bias, weights.length);
  return {
    modelTopology: { class_name: 'Model', config: { name: 'head', layers, ...ends } },
    weightSpecs: [
      { name: 'logits/kernel', shape: [features, classes], dtype: 'float32' },
      { name: 'logits/bias', shape: [classes], dtype: 'float32' },
    ],
    weightData: weightData.buffer,
  };
}

function zerosFor({ features, classes }: TrainHeadOptions): LinearHead {
  return { weights: new Float32Array((features.shape[1] as number) * classes), bias: new Float32Array(classes) };
}

function headIn({ weightSpecs, weightData }: StudentArtifacts): LinearHead {
  const [kernel, bias] = splitWeights({ modelTopology: {}, weightSpecs, weightData }).map(
    ({ bytes }) => new Float32Array(bytes.slice().buffer),
  );
  return { weights: kernel as Float32Array, bias: bias as Float32Array };
}
