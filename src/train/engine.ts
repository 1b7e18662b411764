import { abortError, isAbortError, LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { makeQueue } from '../core/queue.ts';
import { makeArray, type NamedArrays, type NdArray } from '../core/shape.ts';
import { batchIndices } from '../data/views.ts';
import { type KnownLosses, type LossSpec, reviveLoss } from '../losses/revive.ts';
import type { BackendDescription, BackendOptions, OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { toArray, toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent, orderInputs } from '../student/build.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts, StudentDescription } from '../student/student.ts';
import { checkBatch } from './check.ts';
import { type EpochEvent, type NoticeEvent, type StepEvent, type TrainBatch, trainLoop } from './loop.ts';
import { makeOptimizer, type OptimizerOptions } from './optimizer.ts';

/** What one training run needs, as plain values. */
export interface TrainJob {
  readonly student: PortableStudent;
  readonly loss: LossSpec;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly seed: number;
  /** Number of held-out examples; the student's outputs for them come with every epoch. */
  readonly holdoutSize: number;
}

/** What the engine asks its caller for while it trains. */
export interface TrainSource {
  read(indices: Int32Array): Promise<TrainBatch>;
  readHoldout(indices: Int32Array): Promise<NamedArrays>;
}

export type EngineEvent = StepEvent | NoticeEvent | (EpochEvent & { readonly holdoutOutputs?: NdArray });

export interface TrainOutcome {
  readonly artifacts: StudentArtifacts;
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
}

const PREDICT_BATCH = 256;
const STEP_EVENT_MS = 50;
const WARM_UPS = 5;

export function createEngine(knownLosses: KnownLosses = {}): Engine {
  const enqueue = makeQueue();
  let backend: OpenBackend | undefined;

  const requireOpen = () => {
    if (backend === undefined) throw new LimbeckError('disposed', 'The engine is not open. Open a trainer first.');
  };

  async function withModel<T>(student: PortableStudent, seed: number, use: (model: tf.LayersModel) => Promise<T>) {
    requireOpen();
    const model = await buildStudent(student, seed);
    try {
      return await use(model);
    } finally {
      model.dispose();
    }
  }

  const train: Engine['train'] = (job, source, emit, signal) =>
    withModel(job.student, job.seed, async (model) => {
      const loss = reviveLoss(job.loss, knownLosses);
      const optimizer = makeOptimizer(tf, job.optimizer);
      let lastStepEvent = 0;
      let error: unknown;
      try {
        const read = (indices: Int32Array) => source.read(indices);
        for await (const event of trainLoop({ ...job, model, loss, optimizer, read, signal })) {
          if (event.type === 'epoch') {
            const holdoutOutputs = await predictHoldout(model, loss.reads.student[0], job.holdoutSize, source, signal);
            // Waited for: events and the result travel by different ports, and the result must not overtake them.
            await emit({ ...event, ...(holdoutOutputs && { holdoutOutputs }) });
          } else if (event.type === 'notice') await emit(event);
          else if (performance.now() - lastStepEvent >= STEP_EVENT_MS || event.step === event.steps) {
            lastStepEvent = performance.now();
            void emit(event);
          }
        }
      } catch (thrown) {
        error = signal.aborted || isAbortError(thrown) ? abortError(signal.reason) : thrown;
      } finally {
        optimizer.dispose();
      }
      const artifacts = await artifactsOf(model);
      return error === undefined ? { artifacts } : { artifacts, error };
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
        withModel(job.student, job.seed, async (model) => checkBatch(model, reviveLoss(job.loss, knownLosses), batch)),
      ),
    train: (job, source, emit, signal) => enqueue(() => train(job, source, emit, signal)),
    predict: (student, inputs) => enqueue(() => withModel(student, 0, async (model) => predictBatch(model, inputs))),
    timeMs: (student, inputs, repeats) =>
      enqueue(() =>
        withModel(student, 0, async (model) => {
          for (let i = 0; i < WARM_UPS; i++) predictBatch(model, inputs);
          return Array.from({ length: repeats }, () => {
            const start = performance.now();
            predictBatch(model, inputs);
            return performance.now() - start;
          });
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
  };
}

function predictBatch(model: tf.LayersModel, inputs: NamedArrays): NamedArrays {
  const arrays: Record<string, NdArray> = {};
  tf.tidy(() => {
    const outputs = applyStudent(model, orderInputs(model, inputs).map(toTensor), 'inference');
    for (const [name, tensor] of Object.entries(outputs)) arrays[name] = toArray(tensor);
  });
  return arrays;
}

/** The student's output for all held-out examples [N, C]: the one that the loss compares. */
async function predictHoldout(
  model: tf.LayersModel,
  output: string | undefined,
  size: number,
  source: TrainSource,
  signal: AbortSignal,
) {
  let all: NdArray | undefined;
  let at = 0;
  for (const indices of batchIndices(size, PREDICT_BATCH)) {
    if (signal.aborted) return undefined;
    const outputs = predictBatch(model, await source.readHoldout(indices));
    const part = outputs[output ?? DEFAULT_OUTPUT] ?? Object.values(outputs)[0];
    if (part === undefined) return undefined;
    all ??= {
      data: makeArray('float32', (part.data.length / indices.length) * size),
      shape: [size, ...part.shape.slice(1)],
    };
    all.data.set(part.data, at);
    at += part.data.length;
  }
  return all;
}
