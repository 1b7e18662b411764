import { makeAsides } from '../core/asides.ts';
import { abortError, isAbortError } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { LossShapes } from '../losses/loss.ts';
import { type KnownLosses, reviveLoss } from '../losses/revive.ts';
import type { BackendDescription, BackendOptions } from '../runtime/backends/backend.ts';
import { behindGpuError } from '../runtime/backends/webgpu.ts';
import type { GpuDevice, NearTeacher } from '../runtime/gpu.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent, describeStudent } from '../student/build.ts';
import { membersOf } from '../student/cohort.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { PortableStudent, StudentDescription } from '../student/student.ts';
import type { TappedStudent } from '../student/taps.ts';
import { openAdaptation } from './adapting/openAdaptation.ts';
import { checkBatch } from './check.ts';
import { makeClosableRuns } from './closable.ts';
import { openEngineBackend } from './engineBackend.ts';
import type { EngineEvent, TrainJob, TrainOutcome, TrainSource } from './job.ts';
import { openJobLoss, openLossFor } from './jobLoss.ts';
import { measuredOutputs } from './labels.ts';
import { type TrainBatch, trainLoop } from './loop.ts';
import { openNearReader } from './near.ts';
import { makeOptimizer } from './optimizer.ts';
import { predictBatch, predictHoldout } from './predict.ts';
import { openQuantizedRun } from './quantization/quantizedRun.ts';
import type { QuantizationReport } from './quantizationAware.ts';
import { lookingAtFirst } from './scaleNotices.ts';
import { openSelfTeaching } from './selfTeaching.ts';
import { isHalfApplied } from './step.ts';
import { openVaried } from './varied.ts';

export type { EngineEvent, TrainJob, TrainOutcome, TrainSource } from './job.ts';

export interface MemoryState {
  readonly tensors: number;
  readonly tensorBytes: number;
  readonly heapBytes: number;
}

/**
 * tfjs, its kernels and the training loop, on the thread where this is called. One job at a time; predictions come in
 * between the steps of a training.
 */
export interface Engine {
  open(options: BackendOptions): Promise<BackendDescription>;
  /** Builds the student and runs one batch through loss and gradient, without changing a weight. */
  check(job: TrainJob, batch: TrainBatch, signal?: AbortSignal): Promise<StudentDescription>;
  train(
    job: TrainJob,
    source: TrainSource,
    emit: (event: EngineEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<TrainOutcome>;
  predict(student: PortableStudent, inputs: NamedArrays): Promise<NamedArrays>;
  /** Milliseconds of each of `repeats` predictions of the same batch, after warm-up. */
  timeMs(student: PortableStudent, inputs: NamedArrays, repeats: number): Promise<number[]>;
  memory(): Promise<MemoryState>;
  /** A training that is under way or waits ends first, as one that is cancelled does, with what it learned by then. */
  close(): Promise<void>;
  /** The GPU that the student is on; for callers on this thread. */
  gpuDevice(): GpuDevice | undefined;
}

const STEP_EVENT_MS = 50;
const WARM_UPS = 5;
const NO_INDICES = new Int32Array(0);
/** A check reads nothing. */
const NO_SOURCE: Pick<TrainSource, 'readInputs'> = { readInputs: async () => ({}) };

/** `nearTeacher` is the one on this thread and this GPU. */
export function createEngine(knownLosses: KnownLosses = {}, nearTeacher?: NearTeacher): Engine {
  const enqueue = makeQueue();
  const asides = makeAsides();
  const place = openEngineBackend();
  const trainings = makeClosableRuns();

  const openNear = (job: TrainJob) => openNearReader(job.asksNearTeacher ? nearTeacher : undefined, job.size);

  const causeOf = async (error: unknown) => (place.current()?.gpuDevice === undefined ? error : behindGpuError(error));

  async function withModel<T>(
    student: PortableStudent,
    seed: number,
    use: (model: tf.LayersModel) => Promise<T>,
    isBeside = false,
  ) {
    await place.require(isBeside);
    const model = await buildStudent(student, seed);
    try {
      return await use(model);
    } catch (error) {
      throw await causeOf(error);
    } finally {
      model.dispose();
    }
  }

  const train: Engine['train'] = (job, source, emit, signal) =>
    withModel(job.student, job.seed, async (model) => {
      const { student, loss, balance } = openJobLoss(job, model, knownLosses);
      const near = openNear(job);
      const self = await openSelfTeaching(job, model, source);
      const ownOptimizer = makeOptimizer(tf, job.optimizer);
      const adaptation = openAdaptation(model, job.adaptation, ownOptimizer, job);
      const { optimizer, mode, movesStatistics } = adaptation;
      const quantized = openQuantizedRun(model, job.quantizationAware);
      let quantization: QuantizationReport | undefined;
      let adapted: TrainOutcome['adapted'];
      let lastStepEvent = 0;
      let error: unknown;
      try {
        const variedFor = openVaried(job);
        const readGiven = lookingAtFirst(model, source, emit);
        const read = async (indices: Int32Array) => {
          const vary = variedFor(indices);
          const batch = await near.withAnswers(await readGiven(indices), indices);
          return self.remember(vary(batch), batch);
        };
        const readHoldout = (indices: Int32Array) => source.readHoldout(indices);
        const readInputs = movesStatistics ? (indices: Int32Array) => source.readInputs(indices) : undefined;
        const beforeStep = (step: number, steps: number) =>
          [quantized.beforeStep(step, steps), adaptation.beforeStep(step)].includes(true);
        const { complete } = self;
        const rest = async <T>(awaited: Promise<T>) => {
          const there = await asides.during(awaited);
          // A prediction beside it may have lost a thread, which may still write to this heap.
          place.requireWhole();
          return there;
        };
        const run = { model, student, loss, optimizer, mode, balance, signal };
        const loopOptions = { ...job, ...run, read, readInputs, complete, beforeStep, rest };
        for (const message of place.notices.splice(0)) await emit({ type: 'notice', message });
        for await (const event of trainLoop(loopOptions)) {
          if (event.type === 'step') self.afterStep();
          if (event.type === 'epoch') {
            await self.afterEpoch(event, signal);
            const outputs = measuredOutputs(loss, describeStudent(model).outputs);
            const held = await predictHoldout(model, outputs, job.holdoutSize, readHoldout, signal);
            const [holdoutOutputs, ...peers] = Object.values(held);
            const peerOutputs = Object.fromEntries(peers.map((array, i) => [outputs[i + 1] as string, array]));
            // Waited for: events and the result travel by different ports, and the result must not overtake them.
            await emit({
              ...event,
              ...(holdoutOutputs && { holdoutOutputs }),
              ...(peers.length > 0 && { peerOutputs }),
            });
          } else if (event.type !== 'step') await emit(event);
          else if (performance.now() - lastStepEvent >= STEP_EVENT_MS || event.step === event.steps) {
            lastStepEvent = performance.now();
            void emit(event);
          }
        }
        quantization = await quantized.report();
      } catch (thrown) {
        const cause = signal.aborted ? thrown : await causeOf(thrown);
        error = signal.aborted || isAbortError(cause) ? abortError(signal.reason) : cause;
        if (isHalfApplied(cause)) throw cause;
      } finally {
        await near.release();
        ownOptimizer.dispose();
        // A run that was stopped gives what was learned by then.
        adapted = adaptation.outcome();
        adaptation[Symbol.dispose]();
        loss[Symbol.dispose]();
        self[Symbol.dispose]();
        quantized[Symbol.dispose]();
      }
      try {
        const artifacts = await artifactsOf(model);
        const members = await Promise.all(membersOf(model).map(artifactsOf));
        const nearUsage = job.asksNearTeacher && { nearUsage: near.usage() };
        return {
          artifacts,
          ...(members.length > 0 && { members }),
          ...nearUsage,
          ...(quantization && { quantization }),
          ...(adapted && { adapted }),
          ...(error !== undefined && { error }),
        };
      } catch (unsaved) {
        // With a GPU that was lost the weights are lost too; why it was is what matters.
        throw error ?? unsaved;
      }
    });

  return {
    open: (options) => enqueue(() => place.open(options)),
    check: (job, batch, signal) =>
      enqueue(
        () =>
          withModel(job.student, job.seed, async (model) => {
            const near = openNear(job);
            const unused = makeOptimizer(tf, job.optimizer);
            using _adaptation = openAdaptation(model, job.adaptation, unused, job);
            using quantized = openQuantizedRun(model, job.quantizationAware);
            using self = await openSelfTeaching(job, model, NO_SOURCE);
            try {
              const loss = reviveLoss(job.loss, knownLosses);
              const open = (student: TappedStudent, shapes: LossShapes['teacher']) =>
                openLossFor(job, loss, student, shapes);
              const checkStep = async () => {
                const answered = await near.withAnswers(batch, NO_INDICES);
                const rows = Object.values(batch.inputs)[0]?.shape[0] ?? 0;
                return checkBatch(model, loss, await self.complete(answered, new Int32Array(rows)), open);
              };
              const description = await checkStep();
              // Once more, as the later steps will be.
              if (quantized.beforeStep(0, 0)) await checkStep();
              return description;
            } finally {
              unused.dispose();
              await near.release();
            }
          }),
        signal,
      ),
    train: (job, source, emit, signal) =>
      trainings.run(signal, (own) => enqueue(() => asides.takenBy(() => train(job, source, emit, own)), own)),
    predict(student, inputs) {
      const isBeside = asides.isTaken;
      const work = () => withModel(student, 0, (model) => predictBatch(model, inputs), isBeside);
      return isBeside ? asides.ask(work) : enqueue(work);
    },
    timeMs: (student, inputs, repeats) =>
      enqueue(() =>
        withModel(student, 0, async (model) => {
          for (let i = 0; i < WARM_UPS; i++) await predictBatch(model, inputs);
          const times: number[] = [];
          for (let i = 0; i < repeats; i++) {
            const start = performance.now();
            await predictBatch(model, inputs);
            times.push(performance.now() - start);
          }
          return times;
        }),
      ),
    memory: () =>
      enqueue(async () => {
        const { numTensors, numBytes } = tf.memory();
        return { tensors: numTensors, tensorBytes: numBytes, heapBytes: place.current()?.heapBytes() ?? 0 };
      }),
    close() {
      trainings.close();
      return enqueue(() => place.close());
    },
    gpuDevice: () => place.current()?.gpuDevice,
  };
}
