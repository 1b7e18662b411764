import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { derivedSeed } from '../core/random.ts';
import { firstNonFinite, type NamedArrays } from '../core/shape.ts';
import { yieldToEvents } from '../core/yield.ts';
import { batchIndices } from '../data/views.ts';
import type { Loss } from '../losses/loss.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, orderInputs } from '../student/build.ts';

/** One batch as the loop needs it: what the student sees, what the teacher said, and labels where a loss reads them. */
export interface TrainBatch {
  readonly inputs: NamedArrays;
  readonly teacher: NamedArrays;
  readonly labels?: Int32Array;
}

export interface LoopOptions {
  readonly model: tf.LayersModel;
  readonly loss: Loss;
  readonly optimizer: tf.Optimizer;
  /** Number of examples, and how to read some of them. */
  readonly size: number;
  readonly read: (indices: Int32Array) => Promise<TrainBatch>;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

export interface StepEvent {
  readonly type: 'step';
  /** Counted from 1, as are steps of an epoch. */
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  /** Of this step's batch, before its update. */
  readonly loss: number;
  readonly examplesPerSecond: number;
}

export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the examples of the epoch. */
  readonly loss: number;
  readonly ms: number;
  readonly examplesPerSecond: number;
}

/**
 * The only training loop: for each epoch a seeded order, for each batch one step. The next batch is read while this
 * one is learned. It stops between steps when the signal says so, with the model as the last step left it.
 * Throws    not-finite: a loss that is NaN or infinite (the step that made it is not applied) · AbortError
 */
export async function* trainLoop(options: LoopOptions): AsyncGenerator<StepEvent | EpochEvent, void, void> {
  const { size, epochs, batchSize, seed, signal, read } = options;
  const variables = options.model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = batchIndices(size, batchSize, derivedSeed(seed, `epoch/${epoch}`));
    const startedAt = performance.now();
    let lossSum = 0;
    let seen = 0;
    let next = read(order[0] as Int32Array);
    for (let step = 1; step <= order.length; step++) {
      const batch = await next;
      const following = order[step];
      if (following !== undefined) {
        next = read(following);
        next.catch(() => undefined);
      }
      await yieldToEvents();
      throwIfAborted(signal);
      const loss = trainStep(options, variables, batch, `epoch ${epoch}, step ${step}`);
      const count = (order[step - 1] as Int32Array).length;
      lossSum += loss * count;
      seen += count;
      const examplesPerSecond = (seen / (performance.now() - startedAt)) * 1000;
      yield { type: 'step', epoch, step, steps: order.length, loss, examplesPerSecond };
    }
    const ms = performance.now() - startedAt;
    yield { type: 'epoch', epoch, epochs, loss: lossSum / seen, ms, examplesPerSecond: (seen / ms) * 1000 };
  }
}

/**
 * Forward, backward, update; gives the loss and leaves no tensor.
 * Throws    not-finite: an input, an answer of the teacher or the loss is NaN or infinite; no weight has changed then
 */
export function trainStep(
  { model, loss, optimizer }: Pick<LoopOptions, 'model' | 'loss' | 'optimizer'>,
  variables: tf.Variable[],
  batch: TrainBatch,
  where: string,
): number {
  // Not left to the loss: a relu may hide a NaN from it, and the gradient would still carry it into the weights.
  checkFinite(batch.inputs, 'The input', where);
  checkFinite(batch.teacher, 'The teacher’s output', where);
  return tf.tidy(() => {
    const inputs = orderInputs(model, batch.inputs).map(toTensor);
    const teacher = Object.fromEntries(Object.entries(batch.teacher).map(([name, array]) => [name, toTensor(array)]));
    const labels = batch.labels && tf.tensor1d(batch.labels, 'int32');
    // Batch statistics move in the forward pass, before it is known whether the step is any good.
    const statistics = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
    const before = statistics.map((variable) => variable.clone());
    const compute = () => loss.compute(tf, { student: applyStudent(model, inputs, 'training'), teacher, labels });
    try {
      const { value, grads } = tf.variableGrads(compute, variables);
      const cost = value.dataSync()[0] as number;
      if (!Number.isFinite(cost)) throw lostLoss(loss, cost, where);
      optimizer.applyGradients(grads);
      return cost;
    } catch (error) {
      statistics.forEach((variable, i) => {
        variable.assign(before[i] as tf.Tensor);
      });
      // Where a forward pass throws, tfjs keeps what its gradient would have needed.
      for (const { saved } of tf.engine().state.activeTape ?? []) tf.dispose(saved ?? []);
      throw error;
    }
  });
}

function lostLoss({ name }: Loss, cost: number, where: string): LimbeckError {
  return new LimbeckError(
    'not-finite',
    `The loss "${name}" became ${cost} at ${where}; the student is kept as it was before that step. ` +
      'Lower the learning rate.',
    { details: { where } },
  );
}

function checkFinite(arrays: NamedArrays, what: string, where: string): void {
  for (const [name, { data, shape }] of Object.entries(arrays)) {
    const at = firstNonFinite(data);
    if (at < 0) continue;
    const example = Math.floor((at * (shape[0] ?? 1)) / data.length);
    throw new LimbeckError(
      'not-finite',
      `${what} "${name}" holds ${data[at]} (example ${example} of the batch at ${where}); the student is kept as it was ` +
        'before that step. Clean the data, or leave the example out.',
      { details: { where, name, example } },
    );
  }
}
