import type { NamedArrays, NdArray } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { isOutOfMemory } from '../runtime/kernels/allocation.ts';
import { currentKernels, type InstalledKernels } from '../runtime/kernels/install.ts';
import type { Plan } from '../runtime/kernels/plan.ts';
import * as tf from '../runtime/tf.ts';
import type { TrainBatch } from './batch.ts';
import { type BatchTensors, type StepGradients, toTensors } from './step.ts';

/** What a batch may hold besides inputs and answers: one number per example or step. */
const BESIDE = ['labels', 'sequences', 'exampleWeights', 'indices', 'numbers'] as const;

/** Loss and gradients of one batch; the caller frees the result, and no other tensor remains. */
export type ComputeStep = (batch: BatchTensors) => StepGradients;

/**
 * A training step, forward and backward, that was recorded once and is replayed by one call of compiled code: the same
 * kernels on the same addresses in the same order, without tfjs in between. Its results equal the recorded step's bit for
 * bit. The weights stay in place, and the optimizer is not part of it.
 */
export interface PlannedStep {
  readonly grads: tf.NamedTensorMap;
  /** Whether weights and scratch memory are still at the plan's addresses. */
  isValid(): boolean;
  /** Writes the batch, runs, and returns the loss. */
  run(batch: TrainBatch, inputs: readonly NdArray[]): number;
  /** Milliseconds of each call of compiled code, measured by repeating it. */
  time(): ReturnType<Plan['time']>;
  /** The loss of the last run, or of the recording. */
  loss(): number;
  /** Applies the batch statistics of the last run (moving averages) once its step is accepted. */
  commit(): void;
  /** The statistics of the last run, before they are applied. */
  statistics(): readonly tf.Tensor[];
  dispose(): void;
}

/** Weights that the forward pass changes; a plan needs each at a fixed address. */
export interface Statistics {
  /** Moves every value back to its address: eager steps give a variable new memory each time. */
  settle(): void;
  readonly variables: readonly tf.Variable[];
  dispose(): void;
}

export function statisticsOf(model: tf.LayersModel): Statistics {
  const variables = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  const homes = variables.map((variable) => tf.keep(variable.clone()));
  return {
    variables,
    settle() {
      const kernels = currentKernels() as InstalledKernels;
      variables.forEach((variable, i) => {
        const home = homes[i] as tf.Tensor;
        if (variable.dataId === home.dataId) return;
        copy(kernels, variable, home);
        variable.assign(home);
      });
    },
    dispose: () => tf.dispose(homes),
  };
}

/** Records a step that is computed anyway; `undefined` if it cannot be replayed. */
export function recordStep(
  kernels: InstalledKernels,
  compute: ComputeStep,
  weights: readonly tf.Variable[],
  statistics: Statistics,
  batch: TrainBatch,
  inputs: readonly NdArray[],
): { readonly planned: PlannedStep | undefined; readonly why?: string } {
  const slots = slotsOf(batch, inputs);
  if (slots === undefined) return { planned: undefined, why: 'a batch of another type than float32 and int32' };
  statistics.settle();
  const before = statistics.variables.map((variable) => variable.clone());
  const putBack = () => {
    statistics.variables.forEach((variable, i) => {
      variable.assign(before[i] as tf.Tensor);
    });
    tf.dispose(before);
  };
  let recording: ReturnType<typeof kernels.record<StepGradients>>;
  try {
    recording = kernels.record(() => compute(slots));
  } catch (error) {
    putBack();
    tf.dispose(tensorsOf(slots));
    // A plan needs more memory than a step through tfjs, which may still fit.
    if (isOutOfMemory(error)) return { planned: undefined, why: 'the heap has no room for a recorded step' };
    throw error;
  }
  const { result, plan } = recording;
  const moved = statistics.variables.map((variable) => variable.clone());
  putBack();
  const owned = [...tensorsOf(slots), result.value, ...Object.values(result.grads), ...moved];
  if (plan === undefined) {
    tf.dispose(owned);
    return { planned: undefined, why: recording.why };
  }
  return { planned: plannedStep(kernels, plan, slots, result, weights, statistics.variables, moved, owned) };
}

function plannedStep(
  kernels: InstalledKernels,
  plan: Plan,
  slots: BatchTensors,
  { value, grads }: StepGradients,
  weights: readonly tf.Variable[],
  variables: readonly tf.Variable[],
  moved: readonly tf.Tensor[],
  owned: readonly tf.Tensor[],
): PlannedStep {
  const addresses = weights.map(kernels.addressOf);
  const write = (tensor: tf.Tensor, { data }: Pick<NdArray, 'data'>) =>
    kernels.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), kernels.addressOf(tensor));
  const loss = () => new Float32Array(kernels.bytes().buffer, kernels.addressOf(value), 1)[0] as number;
  return {
    grads,
    isValid: () => plan.isValid() && weights.every((weight, i) => kernels.addressOf(weight) === addresses[i]),
    run(batch, inputs) {
      inputs.forEach((array, i) => {
        write(slots.inputs[i] as tf.Tensor, array);
      });
      for (const [name, tensor] of Object.entries(slots.teacher)) write(tensor, batch.teacher[name] as NdArray);
      for (const name of BESIDE) {
        const [slot, data] = [slots[name], batch[name]];
        if (slot !== undefined && data !== undefined) write(slot, { data });
      }
      plan.run();
      return loss();
    },
    time: () => plan.time(),
    loss,
    commit() {
      variables.forEach((variable, i) => {
        copy(kernels, moved[i] as tf.Tensor, variable);
      });
    },
    statistics: () => moved,
    dispose() {
      tf.dispose([...owned]);
      plan.dispose();
    },
  };
}

function copy(kernels: InstalledKernels, from: tf.Tensor, to: tf.Tensor): void {
  const start = kernels.addressOf(from);
  kernels.bytes().copyWithin(kernels.addressOf(to), start, start + 4 * from.size);
}

function slotsOf(batch: TrainBatch, inputs: readonly NdArray[]): BatchTensors | undefined {
  const arrays = [...inputs, ...Object.values(batch.teacher)];
  const isPlain = arrays.every(({ data }) => isTagged(data, 'Float32Array') || isTagged(data, 'Int32Array'));
  if (!isPlain) return undefined;
  // In a tidy, in case there is memory for only some of them.
  return tf.tidy(() => toTensors(batch, inputs) as unknown as tf.TensorContainerObject) as unknown as BatchTensors;
}

function tensorsOf({ inputs, teacher, ...rest }: BatchTensors): tf.Tensor[] {
  return [...inputs, ...Object.values(teacher), ...Object.values(rest).filter((tensor) => tensor !== undefined)];
}

/** Batches of the same key can share a plan. */
export function shapeKey({ teacher, ...batch }: TrainBatch, inputs: readonly NdArray[]): string {
  const all: NamedArrays = { ...Object.fromEntries(inputs.map((array, i) => [`input ${i}`, array])), ...teacher };
  const shapes = Object.entries(all).map(([name, { data, shape }]) => `${name} ${data.constructor.name} ${shape}`);
  return [...shapes, ...BESIDE.map((name) => batch[name]?.length ?? '')].join('; ');
}
