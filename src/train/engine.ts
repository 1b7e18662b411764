import { abortError, isAbortError, LimbeckError } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { LossShapes } from '../losses/loss.ts';
import { type KnownLosses, type LossSpec, reviveLoss } from '../losses/revive.ts';
import type { BackendDescription, BackendOptions, OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { behindGpuError } from '../runtime/backends/webgpu.ts';
import type { GpuDevice, NearTeacher } from '../runtime/gpu.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent, describeStudent } from '../student/build.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts, StudentDescription } from '../student/student.ts';
import { type TappedStudent, tapStudent } from '../student/taps.ts';
import { checkBatch } from './check.ts';
import { comparedOutput } from './labels.ts';
import { type EpochEvent, type NoticeEvent, type StepEvent, type TrainBatch, trainLoop } from './loop.ts';
import { openNearReader } from './near.ts';
import { channelsLastShapes, openLoss } from './openLoss.ts';
import { makeOptimizer, type OptimizerOptions } from './optimizer.ts';
import { predictBatch, predictHoldout } from './predict.ts';
import { openQuantizedRun } from './quantization/quantizedRun.ts';
import type { QuantizationAwareOptions, QuantizationReport } from './quantizationAware.ts';

/** What one training run needs, as plain values. */
export interface TrainJob {
  readonly student: PortableStudent;
  readonly loss: LossSpec;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly seed: number;
  /** Of each output of the teacher that the loss reads, the shape without the batch. Default: that of the batch checked. */
  readonly teacherShapes?: Readonly<Record<string, readonly number[]>>;
  /** Outputs of the teacher that are maps [B, C, H, W]; losses see them as the student's, [B, H, W, C]. */
  readonly channelsFirst?: readonly string[];
  /** Number of held-out examples; the student's outputs for them come with every epoch. */
  readonly holdoutSize: number;
  /** Whether the teacher beside the trainer is asked about each batch; the source leaves `teacher` empty then. */
  readonly asksNearTeacher?: boolean;
  readonly quantizationAware?: true | QuantizationAwareOptions;
}

/** What the engine asks its caller for while it trains. */
export interface TrainSource {
  read(indices: Int32Array): Promise<TrainBatch>;
  readHoldout(indices: Int32Array): Promise<NamedArrays>;
}

export type EngineEvent = StepEvent | NoticeEvent | (EpochEvent & { readonly holdoutOutputs?: NdArray });

export interface TrainOutcome {
  readonly artifacts: StudentArtifacts;
  /** What a teacher beside the trainer was asked about: batches, and the examples in them. */
  readonly nearUsage?: { readonly calls: number; readonly computed: number };
  readonly quantization?: QuantizationReport;
  /** How it ended. An interrupted run still gives the student as the last finished step left it. */
  readonly error?: unknown;
}

export interface MemoryState {
  readonly tensors: number;
  readonly tensorBytes: number;
  readonly heapBytes: number;
}

/** tfjs, its kernels and the training loop, on the thread where this is called. One job at a time. */
export interface Engine {
  open(options: BackendOptions): Promise<BackendDescription>;
  /** Builds the student and runs one batch through loss and gradient, without changing a weight. */
  check(job: TrainJob, batch: TrainBatch): Promise<StudentDescription>;
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
  close(): Promise<void>;
  /** The GPU that the student is on; for callers on this thread. */
  gpuDevice(): GpuDevice | undefined;
}

const STEP_EVENT_MS = 50;
const WARM_UPS = 5;
const NO_INDICES = new Int32Array(0);

/** `nearTeacher` is the one on this thread and this GPU. */
export function createEngine(knownLosses: KnownLosses = {}, nearTeacher?: NearTeacher): Engine {
  const enqueue = makeQueue();
  let backend: OpenBackend | undefined;

  const requireOpen = () => {
    if (backend === undefined) throw new LimbeckError('disposed', 'The engine is not open. Open a trainer first.');
  };

  const openNear = ({ asksNearTeacher = false, size }: TrainJob) =>
    openNearReader(asksNearTeacher ? nearTeacher : undefined, size);

  const openLossOf = (
    { batchSize, size, channelsFirst, seed, ...job }: TrainJob,
    student: TappedStudent,
    teacher: LossShapes['teacher'],
  ) =>
    openLoss(reviveLoss(job.loss, knownLosses), {
      shapes: {
        student: student.outputs,
        teacher: channelsLastShapes(teacher, channelsFirst),
        batchSize: Math.min(batchSize, size),
        examples: size,
      },
      ...(channelsFirst && { channelsFirst }),
      seed,
    });

  const causeOf = async (error: unknown) => (backend?.gpuDevice === undefined ? error : behindGpuError(error));

  async function withModel<T>(student: PortableStudent, seed: number, use: (model: tf.LayersModel) => Promise<T>) {
    requireOpen();
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
      const student = tapStudent(model, reviveLoss(job.loss, knownLosses).reads.student);
      const loss = openLossOf(job, student, job.teacherShapes ?? {});
      const near = openNear(job);
      const optimizer = makeOptimizer(tf, job.optimizer);
      const quantized = openQuantizedRun(model, job.quantizationAware);
      let quantization: QuantizationReport | undefined;
      let lastStepEvent = 0;
      let error: unknown;
      try {
        const read = async (indices: Int32Array) => near.withAnswers(await source.read(indices), indices);
        const readHoldout = (indices: Int32Array) => source.readHoldout(indices);
        const { beforeStep } = quantized;
        for await (const event of trainLoop({ ...job, model, student, loss, optimizer, read, beforeStep, signal })) {
          if (event.type === 'epoch') {
            const holdoutOutputs = await predictHoldout(
              model,
              comparedOutput(loss, describeStudent(model).outputs),
              job.holdoutSize,
              readHoldout,
              signal,
            );
            // Waited for: events and the result travel by different ports, and the result must not overtake them.
            await emit({ ...event, ...(holdoutOutputs && { holdoutOutputs }) });
          } else if (event.type === 'notice') await emit(event);
          else if (performance.now() - lastStepEvent >= STEP_EVENT_MS || event.step === event.steps) {
            lastStepEvent = performance.now();
            void emit(event);
          }
        }
        quantization = await quantized.report();
      } catch (thrown) {
        const cause = signal.aborted ? thrown : await causeOf(thrown);
        error = signal.aborted || isAbortError(cause) ? abortError(signal.reason) : cause;
      } finally {
        await near.release();
        optimizer.dispose();
        loss[Symbol.dispose]();
        quantized[Symbol.dispose]();
      }
      try {
        const artifacts = await artifactsOf(model);
        const nearUsage = job.asksNearTeacher && { nearUsage: near.usage() };
        return {
          artifacts,
          ...nearUsage,
          ...(quantization && { quantization }),
          ...(error !== undefined && { error }),
        };
      } catch (unsaved) {
        // With a GPU that was lost the weights are lost too; why it was is what matters.
        throw error ?? unsaved;
      }
    });

  return {
    open: (options) =>
      enqueue(async () => {
        backend?.dispose();
        backend = undefined;
        backend = await openBackendHere(options);
        return backend.description;
      }),
    check: (job, batch) =>
      enqueue(() =>
        withModel(job.student, job.seed, async (model) => {
          const near = openNear(job);
          using quantized = openQuantizedRun(model, job.quantizationAware);
          try {
            const open = (student: TappedStudent, shapes: LossShapes['teacher']) => openLossOf(job, student, shapes);
            const loss = reviveLoss(job.loss, knownLosses);
            const checkStep = async () => checkBatch(model, loss, await near.withAnswers(batch, NO_INDICES), open);
            const description = await checkStep();
            // Once more, as the later steps will be.
            if (quantized.beforeStep(0, 0)) await checkStep();
            return description;
          } finally {
            await near.release();
          }
        }),
      ),
    train: (job, source, emit, signal) => enqueue(() => train(job, source, emit, signal)),
    predict: (student, inputs) => enqueue(() => withModel(student, 0, (model) => predictBatch(model, inputs))),
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
        return { tensors: numTensors, tensorBytes: numBytes, heapBytes: backend?.heapBytes() ?? 0 };
      }),
    close: () =>
      enqueue(async () => {
        backend?.dispose();
        backend = undefined;
      }),
    gpuDevice: () => backend?.gpuDevice,
  };
}
