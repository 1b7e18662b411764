// On the page: what a static int8 export costs a student, and what quantization-aware distillation wins back. The student is
// the real text-direction model (a MobileNet v3 at 0.35) with a head for digits; the teacher is that of the main job.
import {
  cachedTeacher,
  distill,
  fromOnnx,
  openStore,
  openTrainer,
  quantize,
  type Student,
  softTargets,
  type Teacher,
  type Trainer,
  take,
  toOnnx,
} from 'limbeck';
import { loadDigits, loadDigitTeacher } from '../../demo/digits.ts';
import { studentFromArtifacts } from '../../src/student/student.ts';
import { digitStudentModel } from './digitStudentModel.ts';

interface Row {
  readonly seed: number;
  /** Accuracy on 2,000 held-out digits: of the float student, and of the same once it is quantized. */
  readonly float32: number;
  readonly staticInt8: number;
  /** Of the quantization-aware student, quantized the same way; and of it in float32. */
  readonly aware: number;
  readonly awareFloat32: number;
}

type Digits = Awaited<ReturnType<typeof loadDigits>>;

const EXAMPLES = 4000;
/** Both students take the first stage together, and then the same last one: in float32, or quantization-aware. */
const COMMON = { epochs: 3, learningRate: 6e-4 };
const LAST = { epochs: 3, learningRate: 3e-4 };
/** One scale a tensor, which the simplest int8 runtimes ask for: the hardest of the static forms. */
const perChannel = false;
/** 189 steps are few for a range that keeps 0.99 of what it was. */
const AWARE = { quantizationAware: { perChannel, startFraction: 0, momentum: 0.9 } };
const { signal } = new AbortController();

async function quantizationAware(seeds: readonly number[]): Promise<Row[]> {
  await using asked = await loadDigitTeacher(() => undefined, signal);
  await using store = await openStore('limbeck-bench-quantization');
  await using teacher = await cachedTeacher(asked, store, { precision: 'float32' });
  await using trainer = await openTrainer();
  const digits = await loadDigits(8000, signal);
  const pretrained = new Uint8Array(await (await fetch('./models/direction.onnx')).arrayBuffer());
  const rows: Row[] = [];
  for (const seed of seeds) {
    const model = digitStudentModel(pretrained, seed);
    const student = await fromOnnx(model, { name: 'text-direction', inputShapes: { x: [null, 1, 28, 28] } });
    const parts = { teacher, trainer, digits, seed };
    await learn(parts, student, COMMON);
    const aware = copyOf(student);
    await learn(parts, student, LAST);
    await learn(parts, aware, { ...LAST, ...AWARE });
    const plain = await accuracies(student, digits);
    const better = await accuracies(aware, digits);
    rows.push({
      ...{ seed, float32: plain.float32, staticInt8: plain.int8 },
      ...{ aware: better.int8, awareFloat32: better.float32 },
    });
  }
  return rows;
}

interface Parts {
  readonly teacher: Teacher;
  readonly trainer: Trainer;
  readonly digits: Digits;
  readonly seed: number;
}

interface Stage {
  readonly epochs: number;
  readonly learningRate: number;
  readonly quantizationAware?: (typeof AWARE)['quantizationAware'];
}

async function learn({ digits, ...parts }: Parts, student: Student, { learningRate, ...stage }: Stage): Promise<void> {
  const loss = softTargets({ temperature: 4 });
  const optimizer = { name: 'adam', learningRate } as const;
  await distill({ ...parts, ...stage, student, data: take(digits.data, EXAMPLES), loss, optimizer }).done;
}

function copyOf({ name, artifacts }: Student): Student {
  if (artifacts === undefined) throw new Error('The student has not learned yet.');
  return studentFromArtifacts(name, artifacts);
}

/** Both by onnxruntime-web, from the file that `toOnnx` writes. */
async function accuracies(student: Student, { data, holdout }: Digits) {
  // Normalization is folded into the convolutions, so that each is rounded as one with it.
  const model = await toOnnx(student, { foldBatchNorm: true });
  const { report } = await quantize(model, {
    to: 'static-int8',
    perChannel,
    calibration: data,
    // Any loss is a result here.
    evaluate: { data: holdout, metric: 'accuracy', tolerance: 1 },
  }).done;
  return { float32: report.metricBefore ?? Number.NaN, int8: report.metricAfter ?? Number.NaN };
}

Object.assign(globalThis, { bench: { quantizationAware } });
