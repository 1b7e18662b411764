import { throwIfAborted } from '../../../core/errors.ts';
import { derivedSeed } from '../../../core/random.ts';
import type { NamedArrays } from '../../../core/shape.ts';
import { yieldToEvents } from '../../../core/yield.ts';
import { batchIndices } from '../../../data/views.ts';
import { batchNormTraining } from '../../../runtime/ops/batchNormTraining.ts';
import { toTensor } from '../../../runtime/tensors.ts';
import * as tf from '../../../runtime/tf.ts';
import { applyStudent, orderInputs } from '../../../student/build.ts';
import { type BatchNormLayer, batchNormsOf } from '../../../student/topology/norms.ts';
import type { OrderOptions } from '../../order.ts';
import { checkFinite } from '../../step.ts';

export interface BatchNormReported {
  /** How many batch normalizations were estimated after the last step, and from how many examples. */
  readonly batchNorm?: { readonly layers: number; readonly examples: number } | undefined;
}

/** Progress of estimating batch normalization's statistics after the last step of a run. */
export interface BatchNormEvent {
  readonly type: 'batch-norm';
  /** Batch normalizations whose mean and variance are estimated. */
  readonly layers: number;
  /** Examples read so far, of all that will be. */
  readonly examples: number;
  readonly total: number;
}

export interface EstimateOptions extends OrderOptions {
  readonly model: tf.LayersModel;
  /** Reads examples as in inference, without augmentation. Without it nothing is estimated. */
  readonly readInputs?: ((indices: Int32Array) => Promise<NamedArrays>) | undefined;
  /** See `LoopOptions`. */
  readonly rest?: <T>(awaited: Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal;
}

/** Mean and variance of each channel over `count` values. */
interface Population {
  readonly count: number;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Wu and Johnson find 1,000 to 10,000 enough. */
const MOST_EXAMPLES = 4096;

/**
 * Replaces each batch normalization's moving averages with the mean and variance of its inputs under the trained weights
 * (precise BN): moving averages still contain earlier weights and their initial values. Each batch, of the run's size, is
 * normalized by its own statistics, as in a step; the means and variances of all batches are then combined. At most 4,096
 * examples, or one batch, chosen by the seed, pass through the student once, without teacher or gradient.
 * An abort or an error leaves the moving averages unchanged.
 * Shapes    mean, variance [C]
 * Throws    not-finite: an input is NaN or infinite · AbortError · what reading throws
 * Source    Wu, Johnson 2021, §3, arXiv:2105.07576 (PreciseBN); Izmailov et al. 2018, arXiv:1803.05407 (PyTorch's
 *           update_bn); parts are joined as in Chan, Golub, LeVeque 1979
 * Differs   dropout, noise and augmentation are off, as in inference. update_bn takes the mean of the batches' variances, which
 *           ignores the differences of their means
 */
export async function* estimateBatchNorm(options: EstimateOptions): AsyncGenerator<BatchNormEvent, void, void> {
  const { model, readInputs, signal, rest = (awaited) => awaited } = options;
  const norms = batchNormsOf(model);
  if (readInputs === undefined || norms.length === 0) return;
  const batches = chosenBatches(options);
  const total = batches.reduce((sum, { length }) => sum + length, 0);
  const populations = new Map<BatchNormLayer, Population>();
  let examples = 0;
  let next = readInputs(batches[0] as Int32Array);
  for (const [i, indices] of batches.entries()) {
    const inputs = await rest(next);
    const following = batches[i + 1];
    if (following !== undefined) {
      next = readInputs(following);
      next.catch(() => undefined);
    }
    await yieldToEvents();
    throwIfAborted(signal);
    checkFinite({ inputs, teacher: {} }, 'the estimate of batch statistics');
    for (const [norm, part] of await populationsOf(model, norms, inputs)) {
      populations.set(norm, joined(populations.get(norm), part));
    }
    examples += indices.length;
    if (examples < total) yield { type: 'batch-norm', layers: norms.length, examples, total };
  }
  throwIfAborted(signal);
  tf.tidy(() => {
    for (const [norm, { mean, variance }] of populations) {
      norm.movingMean.write(tf.tensor1d(Float32Array.from(mean)));
      norm.movingVariance.write(tf.tensor1d(Float32Array.from(variance)));
    }
  });
  yield { type: 'batch-norm', layers: norms.length, examples, total };
}

/** Only whole batches, if there is one: the statistics of a few examples are inaccurate. */
function chosenBatches({ size, batchSize, seed }: OrderOptions): Int32Array[] {
  const all = batchIndices(size, batchSize, derivedSeed(seed, 'batch-norm'));
  const most = Math.max(1, Math.min(Math.floor(size / batchSize), Math.floor(MOST_EXAMPLES / batchSize)));
  return all.slice(0, most);
}

/** What each normalization read for one batch, in call order; one that is called twice occurs twice. */
async function populationsOf(
  model: tf.LayersModel,
  norms: readonly BatchNormLayer[],
  inputs: NamedArrays,
): Promise<[BatchNormLayer, Population][]> {
  const seen: Seen[] = [];
  const watched = norms.map((norm) => watch(norm, seen));
  try {
    tf.tidy(() => void applyStudent(model, orderInputs(model, inputs).map(toTensor), 'inference'));
    return await Promise.all(
      seen.map(async ({ norm, count, mean, variance }): Promise<[BatchNormLayer, Population]> => {
        const [means, variances] = [await mean.data(), await variance.data()];
        return [norm, { count, mean: Float64Array.from(means), variance: Float64Array.from(variances) }];
      }),
    );
  } finally {
    for (const release of watched) release();
    for (const { mean, variance } of seen) tf.dispose([mean, variance]);
  }
}

/** One call of a normalization. */
interface Seen {
  readonly norm: BatchNormLayer;
  readonly count: number;
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Makes a layer normalize by the batch's own statistics, recorded in `seen`, until it is released. */
function watch(norm: BatchNormLayer, seen: Seen[]): () => void {
  // Another part of the run may have replaced the layer's call; kernels replace that of the class.
  const own = Object.hasOwn(norm, 'call') ? norm.call : undefined;
  const release = () => {
    if (own === undefined) Reflect.deleteProperty(norm, 'call');
    else norm.call = own;
  };
  norm.call = (inputs, kwargs) => {
    const call = own ?? (Object.getPrototypeOf(norm) as BatchNormLayer).call;
    const [x] = [inputs].flat() as [tf.Tensor];
    const { mean, variance } = momentsOf(x, norm);
    seen.push({ norm, count: x.size / mean.size, mean: tf.keep(mean), variance: tf.keep(variance) });
    norm.movingMean.read = () => mean;
    norm.movingVariance.read = () => variance;
    try {
      return call.call(norm, inputs, kwargs);
    } finally {
      Reflect.deleteProperty(norm.movingMean, 'read');
      Reflect.deleteProperty(norm.movingVariance, 'read');
    }
  };
  return release;
}

/** Mean and (biased) variance of each channel. */
function momentsOf(x: tf.Tensor, { axis, epsilon }: BatchNormLayer): { mean: tf.Tensor; variance: tf.Tensor } {
  const channels = axis < 0 ? axis + x.rank : axis;
  const others = [...x.shape.keys()].filter((at) => at !== channels);
  return tf.tidy(() => {
    const isLast = channels === x.rank - 1;
    const { mean, variance } = isLast ? batchNormTraining(x, undefined, undefined, epsilon) : tf.moments(x, others);
    return { mean, variance };
  });
}

function joined(all: Population | undefined, part: Population): Population {
  if (all === undefined) return part;
  const count = all.count + part.count;
  const share = part.count / count;
  const apart = all.mean.map((mean, c) => (part.mean[c] as number) - mean);
  const between = (c: number) => share * (1 - share) * (apart[c] as number) ** 2;
  return {
    count,
    mean: all.mean.map((mean, c) => mean + share * (apart[c] as number)),
    variance: all.variance.map(
      (variance, c) => variance + share * ((part.variance[c] as number) - variance) + between(c),
    ),
  };
}
