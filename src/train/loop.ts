import { throwIfAborted } from '../core/errors.ts';
import { yieldToEvents } from '../core/yield.ts';
import { asRead, type StepPlace, type TrainBatch } from './batch.ts';
import type { EpochEvent, HoldoutOutputs, NoticeEvent, StepEvent } from './events.ts';
import { isOnGpu, openGpuStepper } from './gpuStepper.ts';
import { epochBatches, evenBatchSize, type LengthOptions, lengthOf } from './order.ts';
import { completeWith, type PartRun, readWith } from './parts/part.ts';
import { openSharedCores, type SharedCores } from './sharedCores.ts';
import { openStepper } from './stepper.ts';

export interface LoopOptions extends PartRun, LengthOptions {
  /** Reads some examples of the dataset. */
  readonly read: (indices: Int32Array, epoch?: number) => Promise<TrainBatch>;
  /** Epochs that an earlier run of the same job has finished. Default 0. */
  readonly finishedEpochs?: number | undefined;
  /** The threads of its steps. Default: as its own steps prove to be faster. */
  readonly cores?: SharedCores;
}

/**
 * The only training loop: for each epoch a seeded order, for each batch one step. The next batch is read while this
 * one is learned, across epochs too. If the signal aborts, it stops between steps, with the model as the last step left it.
 * Throws    not-finite: a loss that is NaN or infinite (the step that made it is not applied) · AbortError
 */
export async function* trainLoop(
  options: LoopOptions,
): AsyncGenerator<StepEvent | (EpochEvent & HoldoutOutputs) | NoticeEvent, void, void> {
  const { signal, loss, parts = [], finishedEpochs = 0, rest = (awaited) => awaited } = options;
  const { epochs } = lengthOf(options);
  const usualSize = evenBatchSize(options);
  const first = await begin(options);
  const read = async (at: StepPlace) => first.shift() ?? readBatch(options, at);
  using stepper = openRenewable(options);
  using cores = options.cores ?? openSharedCores();
  let isTold = false;
  let places = placesOf(options, finishedEpochs + 1);
  let next: Promise<TrainBatch> | undefined;
  for (let epoch = finishedEpochs + 1; epoch <= epochs; epoch++) {
    const nextEpoch = epoch < epochs ? placesOf(options, epoch + 1) : [];
    const startedAt = performance.now();
    let lossSum = 0;
    let seen = 0;
    let learnMs = 0;
    next ??= read(places[0] as StepPlace);
    for (const [i, at] of places.entries()) {
      const step = i + 1;
      const waitStartedAt = performance.now();
      const given = await rest(next);
      const waitedMs = performance.now() - waitStartedAt;
      const following = places[step] ?? nextEpoch[0];
      if (following !== undefined) {
        next = read(following);
        next.catch(() => undefined);
      }
      await yieldToEvents();
      throwIfAborted(signal);
      if (parts.map((part) => part.changesSteps?.(at)).includes(true)) stepper.renew();
      const batch = await completeWith(parts, given, at);
      for (const part of parts) {
        if (part.beforeStep !== undefined) await part.beforeStep(asRead(loss, batch, at), at, options);
      }
      cores.beforeStep(waitedMs);
      const stepStartedAt = performance.now();
      const cost = await stepper.step(asRead(loss, batch, at), `epoch ${epoch}, step ${step}`);
      const stepMs = performance.now() - stepStartedAt;
      cores.afterStep(stepMs, at.indices.length === usualSize);
      learnMs += stepMs;
      if (stepper.why !== undefined && !isTold) {
        isTold = true;
        yield { type: 'notice', message: `Each step goes through tfjs, one kernel at a time: ${stepper.why}.` };
      }
      for (const part of parts) part.afterStep?.(at);
      lossSum += cost * at.indices.length;
      seen += at.indices.length;
      const ms = performance.now() - startedAt;
      const examplesPerSecond = (seen / ms) * 1000;
      yield {
        ...{ type: 'step', epoch, step, steps: places.length, runStep: at.step + 1, runSteps: at.steps },
        ...{ loss: cost, ms, learnMs, examplesPerSecond },
      };
    }
    cores.takeAll();
    const ms = performance.now() - startedAt;
    // Frees a recorded step, because parts may need its memory.
    if (epoch === epochs) stepper.renew();
    const event: EpochEvent = {
      ...{ type: 'epoch', epoch, epochs, loss: lossSum / seen, ms, learnMs },
      examplesPerSecond: (seen / ms) * 1000,
    };
    let told: HoldoutOutputs = {};
    for (const part of parts) told = { ...told, ...(await part.afterEpoch?.(event, options)) };
    yield { ...event, ...told };
    let isEnough = false;
    for (const part of parts) if ((await part.afterEvent?.(event, options)) === 'stop') isEnough = true;
    if (isEnough) return;
    places = nextEpoch;
  }
}

/** The batches of an epoch (counted from 1), in training order. */
function placesOf(options: LoopOptions, epoch: number): StepPlace[] {
  const { perEpoch, steps, epochs } = lengthOf(options);
  const before = (epoch - 1) * perEpoch;
  return epochBatches(options, epoch)
    .slice(0, steps - before)
    .map((indices, i) => ({ step: before + i, steps, epoch, epochs, indices }));
}

async function readBatch({ read, parts = [] }: LoopOptions, at: StepPlace): Promise<TrainBatch> {
  return readWith(parts, await read(at.indices, at.epoch), at);
}

/** Shows each part the first batches of the run, and returns those that were read for it; the run learns from them later. */
async function begin(options: LoopOptions): Promise<TrainBatch[]> {
  const { parts = [], loss, signal, finishedEpochs = 0 } = options;
  const most = Math.max(0, ...parts.map(({ looksAhead = 0 }) => looksAhead));
  const first: TrainBatch[] = [];
  const places = most === 0 ? [] : placesOf(options, finishedEpochs + 1).slice(0, most);
  for (const at of places) {
    throwIfAborted(signal);
    first.push(await readBatch(options, at));
  }
  const seen: TrainBatch[] = [];
  for (const [i, at] of places.entries()) {
    seen.push(asRead(loss, await completeWith(parts, first[i] as TrainBatch, at), at));
  }
  for (const part of parts) await part.begin?.(seen.slice(0, part.looksAhead ?? 0), options);
  return first;
}

/** Takes the steps; `renew` discards a recorded step. */
function openRenewable(options: LoopOptions) {
  const open = () => (isOnGpu() ? openGpuStepper(options) : openStepper(options));
  let stepper = open();
  return {
    get why() {
      return stepper.why;
    },
    step: (batch: TrainBatch, where: string) => stepper.step(batch, where),
    renew() {
      stepper[Symbol.dispose]();
      stepper = open();
    },
    [Symbol.dispose]: () => stepper[Symbol.dispose](),
  };
}
