// On the page: limbeck as an application uses it, from the built package, on the digits of the main job.
import { cachedTeacher, cnn, distill, openStore, openTrainer, softTargets, type Teacher, take } from 'limbeck';
import { loadDigits, loadDigitTeacher } from '../../demo/digits.ts';
import { measureRuns, subjectOf, workerSide } from './sides.ts';

const { signal } = new AbortController();
const shared = {
  loss: softTargets({ temperature: 4 }),
  optimizer: { name: 'adam', learningRate: 1e-3 },
  batchSize: 64,
  seed: 1,
} as const;

let teacher: Teacher;

interface Settings {
  readonly batches: readonly number[];
  /** Milliseconds for each batch size in a run. */
  readonly eachMs: number;
  readonly runs: number;
  /** Of the digits, for limbeck's epochs after each run. */
  readonly examples: number;
}

/**
 * onnxruntime-web by itself, at each batch size, by the benchmark's method; and limbeck after each run. Its speed is that of a
 * teacher while a student learns from it, of which there is one figure in a whole distillation.
 */
async function compare(threads: number, { batches, examples, eachMs, runs }: Settings) {
  const side = workerSide('/plainOrt.js');
  await side.ask({ ask: 'open', model: '/demo/models/ch_PP-OCRv4_rec_infer.onnx', threads });
  const subjects = batches.map((batch) => ({ key: `${batch}`, subject: subjectOf(side, { ask: 'time', batch }) }));
  const limbeck: Awaited<ReturnType<typeof twoEpochs>>[] = [];
  try {
    const plain = await measureRuns(subjects, {
      ...{ eachMs, runs },
      afterRun: async () => void limbeck.push(await twoEpochs(examples)),
    });
    return { plain, limbeck };
  } finally {
    side.end();
  }
}

async function open(threads: number) {
  teacher = await loadDigitTeacher(() => undefined, signal, { threads });
  return teacher.description;
}

/** Two epochs without a cache: what the first costs with the teacher, and the second without. */
async function twoEpochs(examples: number) {
  const digits = await loadDigits(8000, signal);
  await using trainer = await openTrainer();
  const data = take(digits.data, examples);
  const run = distill({ ...shared, teacher, student: cnn({ classes: 10 }), data, epochs: 2, trainer });
  let answeredPerSecond = 0;
  let callsBefore = 0;
  for await (const event of run) {
    if (event.type === 'teacher') answeredPerSecond = event.examplesPerSecond;
    if (event.type === 'epoch' && event.epoch === 1) callsBefore = teacher.usage?.().calls ?? Number.NaN;
  }
  const { report } = await run.done;
  return {
    examplesPerSecond: answeredPerSecond,
    device: teacher.description.device,
    batchSize: teacher.description.batchSize ?? 32,
    why: teacher.description.why,
    overlapFraction: report.overlapFraction,
    secondEpoch: {
      examples,
      teacherCalls: (teacher.usage?.().calls ?? Number.NaN) - callsBefore,
      ms: report.epochs[1]?.ms ?? Number.NaN,
    },
  };
}

type Precision = 'float32' | 'float16' | 'int8' | { readonly topK: number };

/** Trains on answers kept at a precision. The first asks the teacher; the others are made from what float32 keeps. */
async function cached(precision: Precision, examples: number, epochs: number) {
  await using store = await openStore('limbeck-bench');
  await using exact = await cachedTeacher(teacher, store, { precision: 'float32' });
  await using kept = await cachedTeacher(exact, store, { precision });
  const digits = await loadDigits(8000, signal);
  await using trainer = await openTrainer();
  const answering = precision === 'float32' ? exact : kept;
  const parts = { data: take(digits.data, examples), holdout: digits.holdout };
  // The first run fills the cache; what it says then is what a student of a later run learns from.
  await distill({ ...shared, ...parts, teacher: answering, student: cnn({ classes: 10 }), epochs: 1, trainer }).done;
  await answering.flush();
  const student = cnn({ classes: 10 });
  const { report } = await distill({ ...shared, ...parts, teacher: answering, student, epochs, trainer }).done;
  const { bytesPerExample } = await answering.contents();
  return {
    bytesPerExample,
    studentAccuracy: report.holdout['accuracy'],
    teacherCalls: report.teacherUsage?.calls,
    ms: report.timeMs.total,
  };
}

Object.assign(globalThis, { bench: { open, compare, cached } });
