import { makeAsides } from '../core/asides.ts';
import { abortError, isAbortError } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays } from '../core/shape.ts';
import { generateTokens, type TokenRequest, type TokenStep } from '../core/text/generateTokens.ts';
import { timePasses } from '../core/timing.ts';
import type { LossShapes } from '../losses/loss.ts';
import { type KnownLosses, reviveLoss } from '../losses/revive.ts';
import type { BackendDescription, BackendOptions } from '../runtime/backends/backend.ts';
import { behindGpuError } from '../runtime/backends/webgpu.ts';
import type { ColocatedTeacher, GpuDevice } from '../runtime/gpu.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent, orderInputs } from '../student/build.ts';
import { openForward } from '../student/forward.ts';
import { membersOf } from '../student/kinds/cohort.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { openStepwise } from '../student/stepwise/openStepwise.ts';
import type { PortableStudent, StudentDescription } from '../student/student.ts';
import type { TappedStudent } from '../student/taps.ts';
import type { TrainBatch } from './batch.ts';
import { checkBatch } from './check.ts';
import { makeClosableRuns } from './closable.ts';
import { openEngineBackend } from './engineBackend.ts';
import type { EngineEvent, MeasuredSteps, TrainJob, TrainOutcome, TrainSource } from './job.ts';
import { trainLoop } from './loop.ts';
import { lossWith, openLossFor, openRun } from './openRun.ts';
import { makeOptimizer } from './optimizer.ts';
import { evenBatchSize } from './order.ts';
import { openParts, stepsWith } from './parts/open.ts';
import type { PartReports, PartResults } from './parts/options.ts';
import { completeWith, readWith } from './parts/part.ts';
import { predictBatch } from './predict.ts';
import { putRunState } from './runState.ts';
import { openSharedCores } from './sharedCores.ts';
import { isHalfApplied } from './step.ts';

export type { EngineEvent, TrainJob, TrainOutcome, TrainSource } from './job.ts';

export interface MemoryState {
  readonly tensors: number;
  readonly tensorBytes: number;
  readonly heapBytes: number;
}

/**
 * tfjs, its kernels and the training loop on the calling thread. It runs one job at a time, with predictions between the
 * steps of a training.
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
  /** Lets a language model write on; it waits where several steps were not taken yet, and until all were. */
  generate(
    student: PortableStudent,
    request: TokenRequest,
    emit: (step: TokenStep) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Milliseconds of each of `repeats` predictions of the same batch, after warm-up. */
  timeMs(student: PortableStudent, inputs: NamedArrays, repeats: number): Promise<number[]>;
  memory(): Promise<MemoryState>;
  /** An active or waiting training ends first, like a cancelled one: it keeps what it learned so far. */
  close(): Promise<void>;
  /** The student's GPU, for callers on this thread. */
  gpuDevice(): GpuDevice | undefined;
}

const STEP_EVENT_MS = 50;
const WARM_UPS = 5;

/** `colocatedTeacher` is on this thread and this GPU. */
export function createEngine(knownLosses: KnownLosses = {}, colocatedTeacher?: ColocatedTeacher): Engine {
  const enqueue = makeQueue();
  const asides = makeAsides();
  const place = openEngineBackend();
  const trainings = makeClosableRuns();

  const causeOf = async (error: unknown) => (place.current()?.gpuDevice === undefined ? error : behindGpuError(error));

  async function withModel<T>(
    student: PortableStudent,
    seed: number,
    use: (model: tf.LayersModel) => Promise<T>,
    isAside = false,
  ) {
    await place.require(isAside);
    const model = await buildStudent(student, seed);
    try {
      return await use(model);
    } catch (error) {
      throw await causeOf(error);
    } finally {
      model.dispose();
    }
  }

  /** At once, or between the steps of whatever trains. */
  function between<T>(
    student: PortableStudent,
    use: (model: tf.LayersModel) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const isAside = asides.isTaken;
    const work = () => withModel(student, 0, use, isAside);
    return isAside ? asides.ask(work) : enqueue(work, signal);
  }

  const train: Engine['train'] = (asked, source, emit, signal) =>
    withModel(asked.student, asked.seed, async (model) => {
      const job = { ...asked, batchSize: evenBatchSize(asked) };
      const optimizer = makeOptimizer(tf, job.optimizer);
      const own = reviveLoss(job.loss, knownLosses);
      const opened = await openRun({ job, model, loss: own, optimizer, source, emit, colocatedTeacher });
      const { parts, student, loss } = opened;
      const steps = stepsOf(job, model, place.current()?.description);
      const known = place.hasGivenThreads() ? 'all' : await source.recallThreads?.(steps).catch(() => undefined);
      const cores = openSharedCores(known);
      let report: PartReports = {};
      let results: PartResults = {};
      let lastStepEvent = 0;
      let error: unknown;
      try {
        const before = job.checkpointEpochs === undefined ? undefined : await source.recallState?.();
        if (before !== undefined) putRunState({ model, optimizer, loss, parts }, before);
        const read = (indices: Int32Array, epoch?: number) => source.read(indices, epoch);
        const rest = async <T>(awaited: Promise<T>) => {
          const there = await asides.during(awaited);
          // An intermediate prediction may have lost a thread, which may still write to this heap.
          place.requireWhole();
          return there;
        };
        const run = { ...job, ...stepsWith(parts, optimizer), model, student, loss, parts, cores, signal };
        for (const message of place.notices.splice(0)) await emit({ type: 'notice', message });
        for await (const event of trainLoop({ ...run, read, rest, finishedEpochs: before?.epoch })) {
          // Events and the result use different ports; waiting keeps the result from overtaking the events.
          if (event.type !== 'step') await emit(event);
          else if (performance.now() - lastStepEvent >= STEP_EVENT_MS || event.step === event.steps) {
            lastStepEvent = performance.now();
            void emit(event);
          }
        }
        for (const part of parts) report = { ...report, ...(await part.report?.()) };
      } catch (thrown) {
        const cause = signal.aborted ? thrown : await causeOf(thrown);
        error = signal.aborted || isAbortError(cause) ? abortError(signal.reason) : cause;
        if (isHalfApplied(cause)) throw cause;
      } finally {
        optimizer.dispose();
        // A stopped run returns what it learned so far.
        results = Object.assign({}, ...parts.map((part) => part.results?.()));
        await opened[Symbol.asyncDispose]();
      }
      try {
        const artifacts = await artifactsOf(model);
        const members = await Promise.all(membersOf(model).map(artifactsOf));
        return {
          ...{ artifacts, report, ...results },
          ...(cores.figures && { stepThreads: { steps, figures: cores.figures } }),
          ...(members.length > 0 && { members }),
          ...(error !== undefined && { error }),
        };
      } catch (unsaved) {
        // If the GPU is lost, so are the weights; the cause is what matters.
        throw error ?? unsaved;
      }
    });

  return {
    open: (options) => enqueue(() => place.open(options)),
    check: (job, batch, signal) =>
      enqueue(
        () =>
          withModel(job.student, job.seed, async (model) => {
            const own = reviveLoss(job.loss, knownLosses);
            const emit = () => undefined;
            await using parts = await openParts({ job, model, loss: own, source: undefined, emit, colocatedTeacher });
            const loss = lossWith(parts.all, own);
            const open = (student: TappedStudent, shapes: LossShapes['teacher']) =>
              openLossFor(job, loss, student, shapes);
            const rows = Object.values(batch.inputs)[0]?.shape[0] ?? 0;
            const indices = Int32Array.from({ length: rows }, (_, i) => i);
            const at = { step: 0, steps: 1, epoch: 1, epochs: 1, indices };
            const checkStep = async () => {
              const read = await readWith(parts.all, batch, at);
              return checkBatch(model, loss, await completeWith(parts.all, read, at), at, open);
            };
            const description = await checkStep();
            // Repeated, because later steps run this way.
            if (parts.all.map((part) => part.changesSteps?.(at)).includes(true)) await checkStep();
            return description;
          }),
        signal,
      ),
    train: (job, source, emit, signal) =>
      trainings.run(signal, (own) => enqueue(() => asides.takenBy(() => train(job, source, emit, own)), own)),
    predict: (student, inputs) => between(student, (model) => predictBatch(model, inputs)),
    generate: (student, request, emit, signal) =>
      between(
        student,
        async (model) => {
          using stepwise = openStepwise(model);
          await generateTokens(stepwise, request, emit, signal);
        },
        signal,
      ),
    timeMs: (student, inputs, repeats) =>
      enqueue(() =>
        withModel(student, 0, async (model) => {
          using forward = openForward(model);
          return await timePasses(() => forward.run(orderInputs(model, inputs)), repeats, WARM_UPS);
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

function stepsOf(job: TrainJob, model: tf.LayersModel, backend: BackendDescription | undefined): MeasuredSteps {
  return {
    student: model.name,
    layers: model.layers.map((layer) => layer.getClassName()),
    weights: model.weights.map(({ shape }) => shape as number[]),
    batchSize: job.batchSize,
    loss: job.loss,
    threads: backend?.threads ?? 1,
    simdLevel: backend?.simdLevel ?? 'none',
  };
}
