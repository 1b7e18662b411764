// On the page: a residual net learns from many labels and becomes an ONNX teacher; a small net learns from its answers.
import {
  cnn,
  crossEntropy,
  fromArrays,
  loadStudent,
  loadTeacher,
  macroF1,
  measure,
  type NdArray,
  oneCycle,
  openTrainer,
  resnet8,
  softTargets,
  toOnnx,
  weighted,
} from 'limbeck';
import { fileOf, learnBoth, meanOf, medianMsOf, offer, openTask, overSeeds, say, trainStudent } from './tools.ts';

interface Settings {
  /** What the figures are of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  readonly teacherEpochs?: number;
  readonly epochs?: number;
  readonly teacherRate?: number;
  readonly learningRate?: number;
  readonly temperature?: number;
  /** The pictures whose label the user has: all that the control learns from. */
  readonly labelled?: number;
}

interface Pictures {
  readonly pixels: NdArray;
  readonly labels: Int32Array;
}

const SIDE = 28;
const METRIC = 'top-1 accuracy of unseen pictures';

/** Pixels from 0 to 1, and labels. */
async function picturesOf(split: string): Promise<Pictures> {
  const bytes = new Uint8Array(await (await fileOf(`data/clothes-${split}.bin`)).arrayBuffer());
  const count = bytes.length / (SIDE * SIDE + 1);
  const data = Float32Array.from(bytes.subarray(0, count * SIDE * SIDE), (value) => value / 255);
  const labels = Int32Array.from(bytes.subarray(count * SIDE * SIDE));
  return { pixels: { data, shape: [count, SIDE, SIDE, 1] }, labels };
}

/** The first pictures of a list. */
function first({ pixels, labels }: Pictures, count: number): Pictures {
  const data = pixels.data.slice(0, count * SIDE * SIDE);
  return { pixels: { data, shape: [count, SIDE, SIDE, 1] }, labels: labels.slice(0, count) };
}

const RECIPE = { batchSize: 64, schedule: oneCycle() };

/** Top-1, macro-F1 and calibration of an ONNX file. */
async function figuresOf(file: Uint8Array, { pixels, labels }: Pictures) {
  await using opened = await loadStudent(file);
  const logits = (await opened.predict({ input: pixels })).outputs['logits'] as NdArray;
  const found = measure({ student: logits, labels }, { kind: 'classes', metrics: [macroF1] });
  return {
    accuracy: found['accuracy'] as number,
    macroF1: found['macroF1'] as number,
    calibrationError: found['calibrationError'] as number,
    file,
  };
}

/** The median of one picture at a time. */
async function timeOf(file: Uint8Array, pictures: Pictures): Promise<number> {
  await using opened = await loadStudent(file);
  const input = first(pictures, 1).pixels;
  return await medianMsOf(() => opened.predict({ input }));
}

type Figures = Awaited<ReturnType<typeof figuresOf>>;
const SCORES = ['accuracy', 'macroF1', 'calibrationError'] as const;
const told = (of: Figures) => SCORES.map((name) => `${name} ${of[name].toFixed(4)}`).join(', ');

async function run(settings: Settings = {}) {
  const { scored = 'test', seeds = [0, 1, 2], teacherEpochs = 4, epochs = 12, labelled = 500 } = settings;
  const { teacherRate = 5e-3, learningRate = 3e-3, temperature = 2 } = settings;
  const startedAt = performance.now();
  const many = await picturesOf('teacher');
  const own = await picturesOf('student');
  const unseen = await picturesOf(scored);
  await using trainer = await openTrainer();
  const expert = await trainStudent('teacher', {
    ...RECIPE,
    trainer,
    student: resnet8({ inputShape: [SIDE, SIDE, 1], classes: 10 }),
    data: fromArrays(many.pixels, many.labels),
    loss: crossEntropy(),
    epochs: teacherEpochs,
    optimizer: { learningRate: teacherRate },
    seed: 0,
  });
  const file = await toOnnx(expert);
  await using teacher = await loadTeacher(file, { name: 'resnet8' }).done;
  const ofTeacher = await figuresOf(file, unseen);
  say(`teacher: ${told(ofTeacher)}; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  const few = first(own, labelled);
  // −1: its label is not known.
  const labels = own.labels.map((label, i) => (i < labelled ? label : -1));
  const both = await learnBoth(seeds, async ({ isControl, name, train }) => {
    const student = await train({
      ...RECIPE,
      student: cnn({ inputShape: [SIDE, SIDE, 1], classes: 10 }),
      ...(isControl
        ? { data: fromArrays(few.pixels, few.labels), loss: crossEntropy() }
        : {
            teacher,
            data: fromArrays(own.pixels, labels),
            loss: weighted([
              { loss: softTargets({ temperature }), weight: 0.9 },
              // Its mean is over all pictures, most of which add nothing.
              { loss: crossEntropy(), weight: (0.1 * own.labels.length) / labelled },
            ]),
          }),
      // As many steps for both.
      epochs: isControl ? Math.round((epochs * own.labels.length) / labelled) : epochs,
      optimizer: { learningRate },
    });
    const figures = await figuresOf(await toOnnx(student), unseen);
    say(`${name}: ${told(figures)}`);
    return figures;
  });
  const learnedFile = both.student[0]?.file as Uint8Array;
  offer('clothes.onnx', learnedFile);
  const means = (all: readonly Figures[]) =>
    Object.fromEntries(SCORES.map((name) => [name, meanOf(all.map((one) => one[name]))]));
  return {
    teacher: `resnet8 from ${many.labels.length} other pictures with labels, ${Math.round(file.byteLength / 1000)} kB`,
    student: 'cnn',
    control: `${labelled} labels; the student had their pictures, these labels and ${own.labels.length - labelled} pictures without one`,
    metric: METRIC,
    better: 'higher',
    teacherValue: ofTeacher.accuracy,
    ...overSeeds(both, ({ accuracy }) => accuracy),
    studentBytes: learnedFile.byteLength,
    msPerExample: await timeOf(learnedFile, unseen),
    ms: performance.now() - startedAt,
    scores: { teacher: means([ofTeacher]), student: means(both.student), control: means(both.control) },
  };
}

openTask({ run });
