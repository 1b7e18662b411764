import { throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { yieldToEvents } from '../core/yield.ts';
import type { Progress } from '../losses/loss.ts';
import type { BalanceEvent } from './balance.ts';
import { type BatchNormEvent, type EstimateOptions, estimateBatchNorm } from './estimateBatchNorm.ts';
import { isOnGpu, openGpuStepper } from './gpuStepper.ts';
import type { NearBatch } from './near.ts';
import type { Balance } from './openBalance.ts';
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

export interface LoopOptions extends StepOptions, Pick<EstimateOptions, 'readInputs'> {
  /** Number of examples, and how to read some of them. */
  readonly size: number;
  readonly read: (indices: Int32Array) => Promise<NearBatch>;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Called before each step, counted from 0 over all epochs; true where steps compute something else from here on. */
  readonly beforeStep?: (step: number, steps: number) => boolean;
  /** What brings the terms of the loss to one strength, before the first step and, where it says so, before others. */
  readonly balance?: Balance | undefined;
  /** Called right before a batch is learned, when the step before is through: adds what depends on the student by then. */
  readonly complete?: (batch: NearBatch, indices: Int32Array) => Promise<NearBatch>;
  /** What is done while the next batch is not there: no step is under way then. */
  readonly rest?: <T>(awaited: Promise<T>) => Promise<T>;
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
 * one is learned. It stops between steps when the signal says so, with the model as the last step left it. After the last
 * step, and before the last epoch is told, the statistics of batch normalization are estimated from inputs alone.
 * Throws    not-finite: a loss that is NaN or infinite (the step that made it is not applied) · AbortError
 */
export async function* trainLoop(
  options: LoopOptions,
): AsyncGenerator<StepEvent | EpochEvent | NoticeEvent | BalanceEvent | BatchNormEvent, void, void> {
  const { epochs, signal, balance, beforeStep = () => false, complete = async (batch) => batch } = options;
  const { rest = (awaited) => awaited } = options;
  const ahead = balance === undefined ? [] : await readAhead(options, balance.steps);
  if (balance !== undefined) yield* await balance.measure(options, await asFirstRead(options, ahead), 0);
  const read = async (indices: Int32Array) => ahead.shift() ?? options.read(indices);
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
      const given = await rest(next);
      cores.afterWaiting(performance.now() - waitStartedAt, stepMs);
      const following = order[step];
      if (following !== undefined) {
        next = read(following);
        next.catch(() => undefined);
      }
      await yieldToEvents();
      throwIfAborted(signal);
      if (beforeStep(progress.step, progress.steps)) stepper.renew();
      const indices = order[step - 1] as Int32Array;
      const completed = await complete(given, indices);
      const batchNow = () => asRead(options.loss, completed, indices, progress);
      if (balance?.isDue(progress.step)) yield* await balance.measure(options, [batchNow()], progress.step);
      const stepStartedAt = performance.now();
      const loss = await stepper.step(batchNow(), `epoch ${epoch}, step ${step}`);
      stepMs = performance.now() - stepStartedAt;
      learnMs += stepMs;
      if (stepper.why !== undefined && !isTold) {
        isTold = true;
        yield { type: 'notice', message: `Each step goes through tfjs, one kernel at a time: ${stepper.why}.` };
      }
      lossSum += loss * indices.length;
      seen += indices.length;
      const ms = performance.now() - startedAt;
      const examplesPerSecond = (seen / ms) * 1000;
      yield { type: 'step', epoch, step, steps: order.length, loss, ms, learnMs, examplesPerSecond };
    }
    cores.takeAll();
    const ms = performance.now() - startedAt;
    if (epoch === epochs) {
      // Frees a recorded step, whose room this may need.
      stepper.renew();
      yield* estimateBatchNorm(options);
    }
    yield { type: 'epoch', epoch, epochs, loss: lossSum / seen, ms, learnMs, examplesPerSecond: (seen / ms) * 1000 };
  }
}

/** The first batches of the run, which are looked at before they are learned from. */
async function readAhead(options: LoopOptions, count: number): Promise<NearBatch[]> {
  const batches: NearBatch[] = [];
  for (const indices of epochBatches(options, 1).slice(0, count)) {
    throwIfAborted(options.signal);
    batches.push(await options.read(indices));
  }
  return batches;
}

async function asFirstRead(options: LoopOptions, batches: readonly NearBatch[]): Promise<NearBatch[]> {
  const order = epochBatches(options, 1);
  const { epochs, complete = async (batch) => batch } = options;
  const read: NearBatch[] = [];
  for (const [step, batch] of batches.entries()) {
    const indices = order[step] as Int32Array;
    const progress = { step, steps: epochs * order.length, epoch: 1, epochs };
    read.push(asRead(options.loss, await complete(batch, indices), indices, progress));
  }
  return read;
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
