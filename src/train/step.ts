import { LimbeckError } from '../core/errors.ts';
import { firstNonFinite, type NamedArrays, type NdArray, requireNumbers, sizeOf } from '../core/shape.ts';
import type { Loss } from '../losses/loss.ts';
import { joinedNorms } from '../runtime/joinedLayers.ts';
import { currentKernels } from '../runtime/kernels/install.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, orderInputs } from '../student/build.ts';
import type { TappedStudent } from '../student/taps.ts';
import type { TrainBatch } from './batch.ts';
import { tapedFrom } from './reachedTape.ts';

/** The tensors of a batch. */
export interface BatchTensors {
  readonly inputs: readonly tf.Tensor[];
  readonly teacher: Readonly<Record<string, tf.Tensor>>;
  readonly labels: tf.Tensor1D | undefined;
  readonly sequences?: tf.Tensor2D;
  readonly exampleWeights?: tf.Tensor1D;
  readonly indices?: tf.Tensor1D;
  readonly numbers?: tf.Tensor1D;
}

export interface StepGradients {
  readonly value: tf.Scalar;
  readonly grads: tf.NamedTensorMap;
}

export interface StepOptions {
  readonly model: tf.LayersModel;
  /** The model's outputs, and those of tapped layers that the loss reads. Default: its outputs. */
  readonly student?: Pick<TappedStudent, 'apply'>;
  readonly loss: StepLoss;
  readonly optimizer: Pick<tf.Optimizer, 'applyGradients'>;
  /** How the student is applied: in 'inference', batch normalization uses its averages and dropout is off. Default 'training'. */
  readonly mode?: 'training' | 'inference';
  /** Whether the backward pass computes again what it needs of the forward pass. Default false. */
  readonly recompute?: boolean;
}

/** A loss, and what is learned for it besides the student. */
export interface StepLoss extends Loss {
  readonly variables?: readonly tf.Variable[];
  /** These, and what it remembers. */
  readonly kept?: readonly tf.Variable[];
}

/** All that a step changes: the student's weights and the loss's own. */
export function variablesOf({ model, loss }: Pick<StepOptions, 'model' | 'loss'>): tf.Variable[] {
  return [...model.trainableWeights.map((weight) => weight.read() as tf.Variable), ...(loss.variables ?? [])];
}

/** What a forward pass itself changes: the statistics of batch normalization, and what the loss remembers. */
export function writtenBy({ model, loss }: Pick<StepOptions, 'model' | 'loss'>): tf.Variable[] {
  const remembered = (loss.kept ?? []).filter((variable) => !loss.variables?.includes(variable));
  return [...model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable), ...remembered];
}

/** Loss and gradients of one batch; the caller frees them, and no other tensor remains. */
export function gradientsOf(
  { model, student, loss, mode = 'training', recompute = false }: StepOptions,
  variables: tf.Variable[],
  batch: BatchTensors,
): StepGradients {
  const { inputs, ...read } = batch;
  const outputs = () => student?.apply(inputs, mode) ?? applyStudent(model, inputs, mode);
  const compute = () => loss.compute(tf, { ...read, student: outputs() });
  try {
    const mostBytes = recompute ? segmentBytes(model, inputs[0]?.shape[0] ?? 1) : undefined;
    const gradients = () => tapedFrom(variables, () => tf.variableGrads(compute, variables), mostBytes);
    return tf.tidy(() => gradients() as unknown as tf.TensorContainerObject) as never;
  } catch (error) {
    // If a forward pass throws, tfjs keeps the tensors that its gradient would have needed.
    for (const { saved } of tf.engine().state.activeTape ?? []) tf.dispose(saved ?? []);
    throw error;
  }
}

/** So much of a forward pass that its segments, and what stands between them, are few and small. A free length counts as one. */
function segmentBytes(model: tf.LayersModel, batch: number): number {
  const joined = new Set(joinedNorms(model));
  const kept = model.layers.filter((layer) => !joined.has(layer));
  const sizes = kept.flatMap(({ outputShape }) => {
    const shapes = (Array.isArray(outputShape[0]) ? outputShape : [outputShape]) as (number | null)[][];
    return shapes.map((shape) => 4 * batch * sizeOf(shape.slice(1).map((side) => side ?? 1)));
  });
  const learning = model.layers.filter(({ weights }) => weights.length > 0).length;
  return sizes.reduce((sum, size) => sum + size, 0) / Math.ceil(2 * Math.sqrt(learning));
}

/** The tensors of a batch; the caller frees them. */
export function toTensors(batch: TrainBatch, inputs: readonly NdArray[]): BatchTensors {
  const { teacher, labels, sequences, exampleWeights, indices, numbers } = batch;
  const rows = inputs[0]?.shape[0] ?? 1;
  return {
    inputs: inputs.map(toTensor),
    teacher: Object.fromEntries(Object.entries(teacher).map(([name, array]) => [name, toTensor(array)])),
    labels: labels && tf.tensor1d(labels, 'int32'),
    ...(sequences && { sequences: tf.tensor2d(sequences, [rows, sequences.length / rows], 'int32') }),
    ...(exampleWeights && { exampleWeights: tf.tensor1d(exampleWeights, 'float32') }),
    ...(indices && { indices: tf.tensor1d(indices, 'int32') }),
    ...(numbers && { numbers: tf.tensor1d(numbers, 'float32') }),
  };
}

/**
 * Forward, backward, update; returns the loss and leaves no tensor. `onGradients` sees the gradients before they are applied.
 * Throws    not-finite: an input, an answer of the teacher or the loss is NaN or infinite; no weight has changed then
 */
export function trainStep(
  options: StepOptions,
  variables: tf.Variable[],
  batch: TrainBatch,
  where: string,
  onGradients: (gradients: StepGradients) => void = () => {},
): number {
  // The loss alone would not do: a relu may hide a NaN from it, and the gradient would still carry it into the weights.
  checkFinite(batch, where);
  return tf.tidy(() => {
    const { model, loss, optimizer } = options;
    const tensors = toTensors(batch, orderInputs(model, batch.inputs));
    // They change in the forward pass, before it is known whether the step is valid.
    const statistics = writtenBy(options);
    const before = statistics.map((variable) => variable.clone());
    try {
      const gradients = gradientsOf(options, variables, tensors);
      const cost = gradients.value.dataSync()[0] as number;
      if (!Number.isFinite(cost)) throw lostLoss(loss, cost, where);
      onGradients(gradients);
      applyGradients(optimizer, gradients.grads);
      return cost;
    } catch (error) {
      statistics.forEach((variable, i) => {
        variable.assign(before[i] as tf.Tensor);
      });
      throw error;
    }
  });
}

/** One thread updates this few values in under a tenth of a millisecond; more threads would save a few hundredths. */
const MOST_MOVED_ALONE = 65_536;

/**
 * Updates the weights in place; few of them on this thread alone, so that no thread can die over it.
 * Throws    thread-died: details.isHalfApplied, because some weights may have changed and others not · what the optimizer throws
 */
export function applyGradients(optimizer: StepOptions['optimizer'], gradients: tf.NamedTensorMap): void {
  // tfjs gives no gradient for a variable that the loss does not reach.
  const values = Object.values(gradients).reduce((sum, gradient?: tf.Tensor | null) => sum + (gradient?.size ?? 0), 0);
  const kernels = values <= MOST_MOVED_ALONE ? currentKernels() : undefined;
  const apply = () => optimizer.applyGradients(gradients);
  try {
    if (kernels === undefined) apply();
    else kernels.alone(apply);
  } catch (error) {
    if (!(error instanceof LimbeckError) || error.code !== 'thread-died') throw error;
    throw new LimbeckError(
      'thread-died',
      `${error.message} It happened while the weights were updated, so they are lost: the student is as it was before the run.`,
      { details: { ...error.details, isHalfApplied: true }, cause: error },
    );
  }
}

/** Whether a step ended while it updated the weights, so that they belong to no step. */
export function isHalfApplied(error: unknown): boolean {
  return error instanceof LimbeckError && error.details['isHalfApplied'] === true;
}

export function lostLoss({ name }: Loss, cost: number, where: string): LimbeckError {
  return new LimbeckError(
    'not-finite',
    `The loss "${name}" became ${cost} at ${where}; the student is kept as it was before that step. ` +
      'Lower the learning rate.',
    { details: { where } },
  );
}

/** Throws    not-finite: what the batch holds, and where */
export function checkFinite({ inputs, teacher }: TrainBatch, where: string): void {
  checkArrays(inputs, 'The input', where);
  checkArrays(teacher, 'The teacher’s output', where);
}

function checkArrays(arrays: NamedArrays, what: string, where: string): void {
  for (const [name, { data, shape }] of Object.entries(arrays)) {
    requireNumbers(data, `${what} "${name}"`);
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
