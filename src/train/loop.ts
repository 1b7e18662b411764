import { throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { yieldToEvents } from '../core/yield.ts';
import type { Progress } from '../losses/loss.ts';
import { isOnGpu, openGpuStepper } from './gpuStepper.ts';
import type { NearBatch } from './near.ts';
import { epochBatches } from './order.ts';
import { openSharedCores } from './sharedCores.ts';
import type { StepLoss, StepOptions } from './step.ts';
import { openStepper } from './stepper.ts';

/** One batch as the loop needs it: what the student sees, what the teacher said, and labels where a loss reads them. */
export interface TrainBatch {
  readonly inputs: NamedArrays;
  readonly teacher: NamedArrays;
  readonly labels?: Int32Array;
  /** The number of each example in the dataset, and the loss's numbers for this step; the loop adds them where they are read. */
  readonly indices?: Int32Array;
  readonly numbers?: Float32Array;
}

export interface LoopOptions extends StepOptions {
  /** Number of examples, and how to read some of them. */
  readonly size: number;
  readonly read: (indices: Int32Array) => Promise<NearBatch>;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Called before each step, counted from 0 over all epochs; true where steps compute something else from here on. */
  readonly beforeStep?: (step: number, steps: number) => boolean;
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
  /** Milliseconds of this epoch so far, and of these the ones spent in steps; in the rest it waited for examples. */
  readonly ms: number;
  readonly learnMs: number;
  readonly examplesPerSecond: number;
}

/** What makes the run slower than it could be. */
export interface NoticeEvent {
  readonly type: 'notice';
  readonly message: string;
}

export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the examples of the epoch. */
  readonly loss: number;
  readonly ms: number;
  /** Of these, the milliseconds of the steps themselves; in the rest they waited for examples and answers. */
  readonly learnMs: number;
  readonly examplesPerSecond: number;
}

/**
 * The only training loop: for each epoch a seeded order, for each batch one step. The next batch is read while this
 * one is learned. It stops between steps when the signal says so, with the model as the last step left it.
 * Throws    not-finite: a loss that is NaN or infinite (the step that made it is not applied) · AbortError
 */
export async function* trainLoop(
  options: LoopOptions,
): AsyncGenerator<StepEvent | EpochEvent | NoticeEvent, void, void> {
  const { epochs, signal, read, beforeStep = () => false } = options;
  using stepper = openRenewable(options);
  using cores = openSharedCores();
  let isTold = false;
  let stepMs = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = epochBatches(options, epoch);
    const startedAt = performance.now();
    let lossSum = 0;
    let seen = 0;
    let learnMs = 0;
    let next = read(order[0] as Int32Array);
    for (let step = 1; step <= order.length; step++) {
      const waitStartedAt = performance.now();
      const progress = { step: (epoch - 1) * order.length + step - 1, steps: epochs * order.length, epoch, epochs };
      const batch = asRead(options.loss, await next, order[step - 1] as Int32Array, progress);
      cores.afterWaiting(performance.now() - waitStartedAt, stepMs);
      const following = order[step];
      if (following !== undefined) {
        next = read(following);
        next.catch(() => undefined);
      }
      await yieldToEvents();
      throwIfAborted(signal);
      if (beforeStep(progress.step, progress.steps)) stepper.renew();
      const stepStartedAt = performance.now();
      const loss = await stepper.step(batch, `epoch ${epoch}, step ${step}`);
      stepMs = performance.now() - stepStartedAt;
      learnMs += stepMs;
      if (stepper.why !== undefined && !isTold) {
        isTold = true;
        yield { type: 'notice', message: `Each step goes through tfjs, one kernel at a time: ${stepper.why}.` };
      }
      const count = (order[step - 1] as Int32Array).length;
      lossSum += loss * count;
      seen += count;
      const ms = performance.now() - startedAt;
      const examplesPerSecond = (seen / ms) * 1000;
      yield { type: 'step', epoch, step, steps: order.length, loss, ms, learnMs, examplesPerSecond };
    }
    cores.takeAll();
    const ms = performance.now() - startedAt;
    yield { type: 'epoch', epoch, epochs, loss: lossSum / seen, ms, learnMs, examplesPerSecond: (seen / ms) * 1000 };
  }
}

/** The batch with what the loss reads beside outputs and labels. */
export function asRead(loss: StepLoss, batch: NearBatch, indices: Int32Array, progress: Progress): NearBatch {
  return {
    ...batch,
    ...(loss.reads.indices && { indices }),
    ...(loss.numbers && { numbers: Float32Array.from(loss.numbers(progress)) }),
  };
}

/** What takes the steps; `renew` forgets a step that was recorded. */
function openRenewable(options: LoopOptions) {
  const open = () => (isOnGpu() ? openGpuStepper(options) : openStepper(options));
  let stepper = open();
  return {
    get why() {
      return stepper.why;
    },
    step: (batch: NearBatch, where: string) => stepper.step(batch, where),
    renew() {
      stepper[Symbol.dispose]();
      stepper = open();
    },
    [Symbol.dispose]: () => stepper[Symbol.dispose](),
  };
}
