// Schemes on real digits, in the worker: each with a teacher, or peers, or an earlier self.
import {
  attentionMap,
  branched,
  classWise,
  cnn,
  cohort,
  collaborative,
  consistency,
  contrastive,
  crossEntropy,
  type DistillOptions,
  distill,
  earlyExits,
  featureHint,
  fromArrays,
  gatedBranches,
  inspectTeacher,
  type Loss,
  loadTeacher,
  mlp,
  mutual,
  type NdArray,
  ndArray,
  openTrainer,
  softTargets,
  type Teacher,
  type Trainer,
  toOnnx,
  uncertaintyWeighted,
  weighted,
  withExits,
} from 'limbeck';

const SIDE = 28;
const EXAMPLES = 1500;
const HELD_OUT = 500;
const SHAPE = [SIDE, SIDE, 1];

/** The held-out file has labels: some of its digits are learned from, others measured on. */
async function readDigits() {
  const read = async (file: string) => new Uint8Array(await (await fetch(`/demo/data/${file}`)).arrayBuffer());
  const [pixels, labels] = await Promise.all([read('holdout.bin'), read('holdout-labels.bin')]);
  const images = (from: number, to: number): NdArray =>
    ndArray(
      Float32Array.from(pixels.subarray(from * SIDE ** 2, to * SIDE ** 2), (byte) => byte / 255),
      [to - from, SIDE, SIDE, 1],
    );
  return {
    data: fromArrays(images(0, EXAMPLES), labels.subarray(0, EXAMPLES)),
    holdout: fromArrays(images(EXAMPLES, EXAMPLES + HELD_OUT), labels.subarray(EXAMPLES, EXAMPLES + HELD_OUT)),
  };
}

type Digits = Awaited<ReturnType<typeof readDigits>>;

/** A small network that has learned the labels, as an ONNX file with its inner layers open. */
async function trainedTeacher({ data, holdout }: Digits, trainer: Trainer): Promise<Teacher> {
  const student = cnn({ classes: 10 });
  await distill({ student, data, holdout, loss: crossEntropy(), epochs: 6, trainer, seed: 3 }).done;
  const taps = [
    { outputOf: 'pool_1', name: 'maps' },
    { outputOf: 'dense', name: 'features' },
  ];
  return loadTeacher(await toOnnx(student), { name: 'digits', taps }).done;
}

const small = () => mlp({ inputShape: SHAPE, hidden: [64], classes: 10 });
const images = () => cnn({ classes: 10 });
const beside = (loss: Loss, weight: number) =>
  weighted([
    { loss: softTargets(), weight: 1 },
    { loss, weight },
  ]);

/** The options of `distill` for each scheme, without the data. */
const schemes = (
  teacher: Teacher,
): Record<string, Pick<DistillOptions, 'student' | 'loss'> & Partial<DistillOptions>> => ({
  offline: { teacher, student: small() },
  'feature hint': {
    teacher,
    student: images(),
    loss: beside(featureHint({ output: 'conv_1', teacherOutput: 'maps' }), 1),
  },
  'attention map, weights learned': {
    teacher,
    student: images(),
    loss: uncertaintyWeighted([softTargets(), attentionMap({ output: 'conv_1', teacherOutput: 'maps' })]),
  },
  'contrastive, balanced': {
    teacher,
    student: small(),
    loss: beside(contrastive({ output: 'dense_1', teacherOutput: 'features' }), 0.2),
    balance: true,
  },
  'mean teacher': {
    teacher,
    student: small(),
    loss: beside(consistency(), 10),
    selfTeacher: { kind: 'mean' },
    augment: { shift: 1 },
  },
  mutual: { student: cohort([small(), images()]), loss: mutual() },
  collaborative: { student: cohort([small(), small()]), loss: collaborative() },
  'gated branches': {
    student: branched(images(), { at: 'pool_2', branches: 2 }),
    loss: gatedBranches({ branches: 2 }),
  },
  'early exits': { student: withExits(images(), { at: ['pool_1'] }), loss: earlyExits() },
  'class-wise': {
    student: small(),
    loss: weighted([
      { loss: crossEntropy(), weight: 1 },
      { loss: classWise(), weight: 1 },
    ]),
  },
});

/** Runs every `every`th scheme on this many threads. */
async function runSchemes(threads: number, every: number) {
  await using trainer = await openTrainer({ threads });
  const digits = await readDigits();
  await using teacher = await trainedTeacher(digits, trainer);
  const quality = (await inspectTeacher(teacher, digits.holdout).done).teachers[0]?.truth;
  const before = await trainer.memory();
  const shared = { ...digits, epochs: 4, trainer, seed: 1 };
  const accuracies: Record<string, number> = {};
  const asked = Object.entries(schemes(teacher)).filter((_, i) => i % every === 0);
  for (const [name, options] of asked) {
    const { report } = await distill({ ...shared, ...options }).done;
    accuracies[name] = report.holdout['accuracy'] ?? Number.NaN;
  }
  const { report } = await distill({ ...shared, teacher, student: small(), epochs: 2, control: true }).done;
  const after = await trainer.memory();
  return {
    teacher: { accuracy: quality?.accuracy, reported: report.holdout['teacherAccuracy'] },
    accuracies,
    control: report.control,
    tensors: [before.tensors, after.tensors],
    worker: trainer.description,
  };
}

export type SchemesResult = Awaited<ReturnType<typeof runSchemes>>;

declare global {
  interface Window {
    runSchemes: typeof runSchemes;
  }
}
window.runSchemes = runSchemes;
