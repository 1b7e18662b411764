import { behindGpuError, throwIfGpuFailed } from '../runtime/backends/webgpu.ts';
import * as tf from '../runtime/tf.ts';
import { orderInputs } from '../student/build.ts';
import type { TrainBatch } from './batch.ts';
import {
  checkFinite,
  gradientsOf,
  lostLoss,
  type StepGradients,
  type StepOptions,
  toTensors,
  variablesOf,
} from './step.ts';
import type { StepOptimizer } from './stepOptimizer.ts';

/** Takes the steps of one run on a GPU, whose results arrive later. */
export interface GpuStepper extends Disposable {
  step(batch: TrainBatch, where: string): Promise<number>;
  readonly why: undefined;
}

export function openGpuStepper(options: StepOptions): GpuStepper {
  const variables = variablesOf(options);
  return {
    why: undefined,
    step: (batch, where) => gpuStep(options, variables, batch, where),
    [Symbol.dispose]: () => undefined,
  };
}

export function isOnGpu(): boolean {
  return tf.getBackend() === 'webgpu';
}

/**
 * Forward, backward, update, like `trainStep`, on a GPU: one wait per step, for two numbers. The teacher's outputs are read
 * where they are.
 * Throws    not-finite · backend-unavailable: the GPU failed
 */
export async function gpuStep(
  options: StepOptions,
  variables: tf.Variable[],
  batch: TrainBatch,
  where: string,
): Promise<number> {
  const { model, loss, optimizer } = options;
  const statistics = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  const before = statistics.map((variable) => variable.clone());
  let made: ReturnType<typeof computeStep> | undefined;
  try {
    checkFinite(batch, where);
    made = computeStep(options, variables, batch);
    // Everything has been sent to the GPU; this waits for it.
    const [cost, squares] = (await made.numbers.data()) as unknown as [number, number];
    throwIfGpuFailed();
    if (!Number.isFinite(cost)) throw lostLoss(loss, cost, where);
    // The optimizer finds which one it is, from the numbers read here.
    const isLost = !Number.isFinite(squares);
    if (isLost) await Promise.all(Object.values(made.grads).map((gradient) => gradient.data()));
    (optimizer as StepOptimizer).applyGradients(made.grads, isLost ? undefined : squares);
    return cost;
  } catch (error) {
    statistics.forEach((variable, i) => {
      variable.assign(before[i] as tf.Tensor);
    });
    throw await behindGpuError(error);
  } finally {
    tf.dispose([...before, ...(made === undefined ? [] : [made.value, made.numbers, ...Object.values(made.grads)])]);
    batch.onGpu?.done();
  }
}

/** Loss and gradients, with the two numbers that the step needs: the loss and the sum of the squared gradients. */
function computeStep(options: StepOptions, variables: tf.Variable[], batch: TrainBatch) {
  return tf.tidy(() => {
    const tensors = toTensors(batch, orderInputs(options.model, batch.inputs));
    const teacher = batch.onGpu?.tensors() ?? tensors.teacher;
    const { value, grads } = gradientsOf(options, variables, { ...tensors, teacher });
    const squares = Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)));
    // Not addN: a shader reads from ten tensors at most.
    const numbers = tf.stack([value, tf.sum(tf.stack(squares))]);
    return { value, grads, numbers } as unknown as tf.TensorContainerObject;
  }) as unknown as StepGradients & { readonly numbers: tf.Tensor };
}
