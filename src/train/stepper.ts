import type { NdArray } from '../core/shape.ts';
import { currentKernels, type InstalledKernels } from '../runtime/kernels/install.ts';
import type * as tf from '../runtime/tf.ts';
import { orderInputs } from '../student/build.ts';
import type { TrainBatch } from './batch.ts';
import { type PlannedStep, recordStep, type Statistics, shapeKey, statisticsOf } from './plannedStep.ts';
import { drawsOf, setDraws, whyNotReplayed } from './replayable.ts';
import {
  applyGradients,
  checkFinite,
  gradientsOf,
  type StepGradients,
  type StepOptions,
  trainStep,
  variablesOf,
} from './step.ts';

/** Takes the steps of one run. It frees its own memory when the run ends; the caller keeps model and optimizer. */
export interface Stepper extends Disposable {
  /**
   * Forward, backward, update; returns the loss.
   * Throws    not-finite: an input, an answer of the teacher, the loss or a gradient is NaN or infinite; no weight has
   *           changed then
   */
  step(batch: TrainBatch, where: string): number;
  /** Milliseconds of each call of compiled code in the last step, measured by repeating it; none before a step is replayed. */
  time(): ReturnType<PlannedStep['time']>;
  /** Why steps go through tfjs one kernel at a time; undefined if they are or will be replayed, and without kernels. */
  readonly why: string | undefined;
}

/** Steps through tfjs before one is recorded: compilers warm up, and scratch memory reaches its size. */
const EAGER_STEPS = 2;
/** A plan is lost if a weight gets new memory, which should not happen at every step. */
const MOST_RECORDINGS = 8;

interface Plan {
  /** Identifies the batches that it can take. */
  readonly key: string;
  readonly planned: PlannedStep;
  /** A plan is trusted once it has equalled an eager step bit for bit. */
  readonly isProven: boolean;
}

/**
 * The batches of a run have one shape, except the last of an epoch, which goes through tfjs; so a run has one plan.
 * On wasm with kernels the third step of a shape is recorded, the fourth is computed both ways and compared, and all
 * others are replayed (see `plannedStep.ts`). A step that cannot be replayed, or that computes something different each
 * time, as with tfjs's own random numbers, stays with tfjs.
 */
export function openStepper(options: StepOptions): Stepper {
  const { model, optimizer, loss } = options;
  const variables = variablesOf(options);
  const eagerSteps = new Map<string, number>();
  let plan: Plan | undefined;
  let statistics: Statistics | undefined;
  let recordings = 0;
  let why = whyNotReplayed(model, loss);

  function applied(planned: PlannedStep, value: number, batch: TrainBatch, where: string): number {
    // The same step through tfjs fails too, with the cause.
    if (!Number.isFinite(value)) return trainStep(options, variables, batch, where);
    try {
      applyGradients(optimizer, planned.grads);
    } catch (error) {
      checkFinite(batch, where);
      throw error;
    }
    planned.commit();
    return value;
  }

  function record(kernels: InstalledKernels, key: string, batch: TrainBatch, inputs: NdArray[], where: string): number {
    checkFinite(batch, where);
    statistics ??= statisticsOf(options);
    const draws = drawsOf(model);
    recordings++;
    const compute = (tensors: Parameters<typeof gradientsOf>[2]) => gradientsOf(options, variables, tensors);
    const recorded = recordStep(kernels, compute, variables, statistics, batch, inputs);
    if (recorded.planned === undefined) {
      why = recorded.why;
      setDraws(model, draws);
      return trainStep(options, variables, batch, where);
    }
    plan = { key, planned: recorded.planned, isProven: false };
    // The recording itself computed this step.
    return applied(recorded.planned, recorded.planned.loss(), batch, where);
  }

  /** One step both ways; the eager one counts. */
  function prove({ key, planned }: Plan, batch: TrainBatch, inputs: NdArray[], where: string): number {
    statistics?.settle();
    const draws = drawsOf(model);
    const value = planned.run(batch, inputs);
    setDraws(model, draws);
    let isSame = true;
    const compare = (gradients: StepGradients) => {
      isSame = areSame([gradients.value], [value]) && namedSame(gradients.grads, planned.grads);
    };
    const cost = trainStep(options, variables, batch, where, compare);
    isSame &&= areSame(planned.statistics(), statistics?.variables ?? []);
    if (isSame) plan = { key, planned, isProven: true };
    else {
      forget();
      why = 'a step does not give the same numbers twice';
    }
    return cost;
  }

  function forget(): void {
    plan?.planned.dispose();
    plan = undefined;
  }

  return {
    get why() {
      return currentKernels() === undefined ? undefined : why;
    },
    step(batch, where) {
      const kernels = currentKernels();
      if (kernels === undefined || why !== undefined) return trainStep(options, variables, batch, where);
      const inputs = orderInputs(model, batch.inputs);
      const key = shapeKey(batch, inputs);
      if (plan?.key === key && !plan.planned.isValid()) forget();
      if (plan?.key === key) {
        if (!plan.isProven) return prove(plan, batch, inputs, where);
        statistics?.settle();
        return applied(plan.planned, plan.planned.run(batch, inputs), batch, where);
      }
      const seen = eagerSteps.get(key) ?? 0;
      const isTime = plan === undefined && seen >= EAGER_STEPS && recordings < MOST_RECORDINGS;
      if (isTime) return record(kernels, key, batch, inputs, where);
      eagerSteps.set(key, seen + 1);
      return trainStep(options, variables, batch, where);
    },
    time: () => plan?.planned.time() ?? [],
    [Symbol.dispose]() {
      forget();
      statistics?.dispose();
    },
  };
}

function areSame(some: readonly (tf.Tensor | number)[], others: readonly (tf.Tensor | number)[]): boolean {
  return some.every((tensor, i) => {
    const [a, b] = [bitsOf(tensor), bitsOf(others[i] as tf.Tensor | number)];
    return a.length === b.length && a.every((word, at) => word === b[at]);
  });
}

function namedSame(some: tf.NamedTensorMap, others: tf.NamedTensorMap): boolean {
  return Object.entries(some).every(([name, tensor]) => areSame([tensor], [others[name] as tf.Tensor]));
}

function bitsOf(value: tf.Tensor | number): Int32Array {
  const floats = typeof value === 'number' ? Float32Array.of(value) : (value.dataSync() as Float32Array);
  return new Int32Array(floats.slice().buffer);
}
