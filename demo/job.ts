import {
  type BackendDescription,
  cnn,
  type Dataset,
  type DistillEvent,
  type DistillOptions,
  detectCapabilities,
  distill,
  fromArrays,
  type LabelledDataset,
  type LoadEvent,
  loadTeacher,
  measure,
  type NdArray,
  openTrainer,
  parameterCount,
  pick,
  type Student,
  type StudentFiles,
  softTargets,
  sumOverTime,
  type Teacher,
  type Trainer,
  take,
  toFiles,
} from 'limbeck';
import { nextTurn } from './dom.ts';
import { watchMainThread } from './mainThread.ts';

export interface JobOptions {
  readonly epochs: number;
  readonly seed: number;
  /** How many of the 8,000 digits to learn from; a quarter as many others are held out, 100 at least. */
  readonly limit: number;
  readonly kernels: 'on' | 'off';
  readonly threads: number | undefined;
}

export const JOB_DEFAULTS: JobOptions = { epochs: 6, seed: 1, limit: 8000, kernels: 'on', threads: undefined };

export type JobEvent =
  | DistillEvent
  | LoadEvent
  | { readonly type: 'stage'; readonly stage: 'load' | 'distill' | 'measure' };

/** What the main job found out: `out/report.json`. Accuracies are fractions. */
export interface JobReport {
  readonly seed: number;
  readonly backend: string;
  readonly threads: number;
  readonly simdLevel: string;
  readonly isIsolated: boolean;
  readonly notices: readonly string[];
  readonly examples: { readonly learned: number; readonly heldOut: number };
  readonly teacher: {
    readonly name: string;
    readonly accuracy: number;
    readonly bytes: number;
    readonly msPerExample: Readonly<Record<string, number>>;
    readonly threads: number;
  };
  readonly student: {
    readonly name: string;
    readonly accuracy: number;
    readonly agreement: number;
    readonly bytes: number;
    readonly parameters: number;
    readonly msPerExample: Readonly<Record<string, number>>;
  };
  readonly epochs: readonly {
    readonly epoch: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly agreement: number;
    readonly ms: number;
  }[];
  readonly timeMs: {
    readonly setup: number;
    readonly load: number;
    readonly teacher: number;
    readonly train: number;
    readonly evaluate: number;
    readonly total: number;
  };
  readonly longestMainThreadTaskMs: number;
  readonly heapBytes: number;
  readonly tensorsLeft: number;
  /** Rows: the true digit; columns: the answer. */
  readonly confusion: { readonly teacher: number[][]; readonly student: number[][] };
  /** Held-out digits on which teacher and student differ. */
  readonly disagreements: readonly Disagreement[];
  readonly environment: Readonly<Record<string, unknown>>;
}

export interface Disagreement {
  /** 28 × 28 bytes, base64. */
  readonly pixels: string;
  readonly label: number;
  readonly teacher: number;
  readonly student: number;
}

export interface JobResult {
  readonly report: JobReport;
  readonly files: StudentFiles;
}

/** Places of '0'…'9' in the recognition model's alphabet: blank, the lines of ppocr_keys_v1.txt, space. */
async function digitClasses(signal: AbortSignal): Promise<number[]> {
  const keys = (await (await fetchFile('./models/ppocr_keys_v1.txt', signal)).text()).split('\n');
  return [...'0123456789'].map((digit) => keys.indexOf(digit) + 1);
}

async function fetchFile(url: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} could not be loaded: HTTP ${response.status}.`);
  return response;
}

const SIDE = 28;

/** The digits of a file. They stay bytes; only those that are read become numbers from 0 to 1, a batch at a time. */
function digitsOf(bytes: Uint8Array): Dataset;
function digitsOf(bytes: Uint8Array, labels: Uint8Array): LabelledDataset;
function digitsOf(bytes: Uint8Array, labels?: Uint8Array): Dataset {
  const images: NdArray = { data: bytes, shape: [bytes.length / (SIDE * SIDE), SIDE, SIDE, 1] };
  const stored: Dataset = labels === undefined ? fromArrays(images) : fromArrays(images, labels);
  return {
    ...stored,
    inputs: { input: { shape: [SIDE, SIDE, 1], dtype: 'float32' } },
    async read(indices, signal) {
      const examples = await stored.read(indices, signal);
      return { ...examples, inputs: { input: toUnit(examples.inputs['input'] as NdArray) } };
    },
  };
}

function toUnit({ data, shape }: NdArray): NdArray {
  const scaled = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) scaled[i] = (data[i] as number) / 255;
  return { data: scaled, shape };
}

/** Loads the recognition model so that it sees a digit as print: dark on white, 48 × 48, in [-1, 1]. */
export async function loadDigitTeacher(
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
  threads?: number,
): Promise<Teacher> {
  const loading = loadTeacher('./models/ch_PP-OCRv4_rec_infer.onnx', {
    name: 'PP-OCRv4 recognition',
    input: { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 },
    read: sumOverTime({ classes: await digitClasses(signal) }),
    threads,
    signal,
  });
  for await (const event of loading) emit(event);
  return loading.done;
}

/** The digits to learn from, which have no label anywhere, and the digits to be scored on. */
export async function loadDigits(limit: number, signal?: AbortSignal) {
  const [train, holdout, labels] = await Promise.all(
    ['train.bin', 'holdout.bin', 'holdout-labels.bin'].map(async (file) => {
      const response = await fetchFile(`./data/${file}`, signal);
      return new Uint8Array(await response.arrayBuffer());
    }),
  );
  if (train === undefined || holdout === undefined || labels === undefined) throw new Error('The digits are missing.');
  const heldOut = Math.min(labels.length, Math.max(Math.round(limit / 4), 100));
  return { data: take(digitsOf(train), limit), holdout: take(digitsOf(holdout, labels), heldOut), pixels: holdout };
}

/**
 * The main job: distil the recognition model into a small digit reader, and measure both. A stopped job leaves the
 * student as its last step made it.
 */
export async function runJob(
  options: JobOptions,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
  student: Student = cnn({ classes: 10 }),
): Promise<JobResult> {
  const startedAt = performance.now();
  const watch = watchMainThread();
  emit({ type: 'stage', stage: 'load' });
  const digits = await loadDigits(options.limit, signal);
  const trainer = await openTrainer({ kernels: options.kernels, threads: options.threads });
  const before = await trainer.memory();
  let teacher: Teacher | undefined;
  try {
    const setUpAt = performance.now();
    teacher = await loadDigitTeacher(emit, signal, options.threads);
    const loadedAt = performance.now();
    emit({ type: 'stage', stage: 'distill' });
    const distillOptions: DistillOptions = {
      teacher,
      student,
      data: digits.data,
      holdout: digits.holdout,
      loss: softTargets({ temperature: 4 }),
      optimizer: { name: 'adam', learningRate: 1e-3 },
      epochs: options.epochs,
      batchSize: 64,
      seed: options.seed,
      trainer,
      signal,
    };
    const run = distill(distillOptions);
    for await (const event of run) emit(event);
    const { report, holdoutAnswers } = await run.done;

    emit({ type: 'stage', stage: 'measure' });
    const evaluateStartedAt = performance.now();
    const everything = await digits.holdout.read(Int32Array.from({ length: digits.holdout.size }, (_, i) => i));
    const studentLogits = (await trainer.predict(student, everything.inputs))['logits'] as NdArray;
    const teacherLogits = holdoutAnswers?.['logits'] as NdArray;
    const labels = everything.labels;
    const scored = measure({ student: studentLogits, teacher: teacherLogits, labels });
    const latency = await orStop(measureLatency(trainer, teacher, student, digits.holdout), signal);
    await nextTurn();
    const artifacts = student.artifacts;
    if (artifacts === undefined) throw new Error('The student has no weights.');
    const after = await trainer.memory();
    const backend = trainer.description;
    const now = performance.now();
    return {
      files: toFiles(artifacts),
      report: {
        seed: options.seed,
        ...placeOf(backend),
        notices: [...backend.notices, ...teacher.description.notices],
        examples: { learned: digits.data.size, heldOut: digits.holdout.size },
        teacher: {
          name: teacher.description.name,
          accuracy: measure({ student: teacherLogits, labels })['accuracy'] ?? Number.NaN,
          bytes: teacher.description.bytes,
          msPerExample: latency.teacher,
          threads: teacher.description.threads,
        },
        student: {
          name: student.name,
          accuracy: scored['accuracy'] ?? Number.NaN,
          agreement: scored['agreement'] ?? Number.NaN,
          bytes: artifacts.weightData.byteLength,
          parameters: parameterCount(artifacts),
          msPerExample: latency.student,
        },
        epochs: report.epochs.map(({ epoch, loss, ms, holdout }) => ({
          epoch,
          loss,
          ms,
          accuracy: holdout['accuracy'] ?? Number.NaN,
          agreement: holdout['agreement'] ?? Number.NaN,
        })),
        timeMs: {
          setup: setUpAt - startedAt,
          load: loadedAt - setUpAt,
          teacher: report.timeMs.teacher,
          train: report.timeMs.train,
          evaluate: now - evaluateStartedAt,
          total: now - startedAt,
        },
        longestMainThreadTaskMs: watch.stop(),
        heapBytes: report.heapBytes,
        tensorsLeft: after.tensors - before.tensors,
        confusion: { teacher: confusion(teacherLogits, labels), student: confusion(studentLogits, labels) },
        disagreements: disagreements(teacherLogits, studentLogits, labels, digits.pixels),
        environment: await environment(),
      },
    };
  } finally {
    watch.stop();
    await teacher?.[Symbol.asyncDispose]();
    await trainer[Symbol.asyncDispose]();
  }
}

/** Waits for work that knows no signal; what it holds must be disposed by the caller, which also ends it. */
function orStop<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function placeOf({ backend, threads, simdLevel, isIsolated }: BackendDescription) {
  return { backend, threads, simdLevel, isIsolated };
}

const BATCHES = [1, 32] as const;
const REPEATS = { 1: 30, 32: 8 } as const;

/** Median milliseconds an example at batch 1 and 32, where each model runs. */
async function measureLatency(
  trainer: Trainer,
  teacher: Teacher,
  student: Parameters<Trainer['timeMs']>[0],
  holdout: Awaited<ReturnType<typeof loadDigits>>['holdout'],
) {
  const result: { teacher: Record<string, number>; student: Record<string, number> } = { teacher: {}, student: {} };
  for (const batch of BATCHES) {
    const { inputs } = await pick(
      holdout,
      Int32Array.from({ length: batch }, (_, i) => i),
    ).read(Int32Array.from({ length: batch }, (_, i) => i));
    result.teacher[batch] = median(await teacher.timeMs(inputs, REPEATS[batch])) / batch;
    result.student[batch] = median(await trainer.timeMs(student, inputs, 3 * REPEATS[batch])) / batch;
  }
  return result;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function answerOf({ data, shape }: NdArray, example: number): number {
  const classes = shape[1] ?? 0;
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if ((data[example * classes + c] ?? 0) > (data[example * classes + best] ?? 0)) best = c;
  }
  return best;
}

function confusion(logits: NdArray, labels: Int32Array): number[][] {
  const counts = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const answer = answerOf(logits, i);
    row[answer] = (row[answer] ?? 0) + 1;
  });
  return counts;
}

const MOST_SHOWN = 60;

function disagreements(teacher: NdArray, student: NdArray, labels: Int32Array, pixels: Uint8Array): Disagreement[] {
  const found: Disagreement[] = [];
  for (let i = 0; i < labels.length && found.length < MOST_SHOWN; i++) {
    const answers = { teacher: answerOf(teacher, i), student: answerOf(student, i) };
    if (answers.teacher === answers.student) continue;
    const image = pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    found.push({ pixels: btoa(String.fromCharCode(...image)), label: labels[i] ?? -1, ...answers });
  }
  return found;
}

async function environment(): Promise<Record<string, unknown>> {
  const { why, ...capabilities } = await detectCapabilities();
  return { userAgent: navigator.userAgent, date: new Date().toISOString(), capabilities, why };
}
