// The two situations in which every method is tried, each with a teacher, data to learn from and digits held out.
import {
  type CachedTeacher,
  cachedTeacher,
  cnn,
  crossEntropy,
  type Dataset,
  distill,
  fromArrays,
  type LabelledDataset,
  loadTeacher,
  mlp,
  type NdArray,
  openStore,
  openTrainer,
  pick,
  resnet8,
  type Store,
  type Student,
  sumOverTime,
  type Teacher,
  type Trainer,
  take,
  toOnnx,
} from 'limbeck';

export type SettingName = 'few' | 'all';

/** How much of everything; `quick` is for a look at whether it works. */
export interface Amounts {
  readonly examples: number;
  readonly heldOut: number;
  readonly labelled: number;
  readonly epochs: Readonly<Record<SettingName, number>>;
  readonly teacherEpochs: number;
}

export const FULL: Amounts = {
  examples: 8000,
  heldOut: 2000,
  labelled: 200,
  epochs: { few: 6, all: 8 },
  teacherEpochs: 20,
};
export const QUICK: Amounts = {
  examples: 1000,
  heldOut: 500,
  labelled: 100,
  epochs: { few: 2, all: 2 },
  teacherEpochs: 2,
};

/** What a method works with. Every run has a seed of its own; all share teacher, trainer and data. */
export interface Setting {
  readonly name: SettingName;
  readonly teacher: Teacher;
  readonly trainer: Trainer;
  readonly store: Store;
  /** All examples; in 'few' most labels are −1, which is none. */
  readonly data: LabelledDataset;
  /** Those with a label, alone. */
  readonly labelled: LabelledDataset;
  /** The same examples as `data`, without any label. */
  readonly unlabelled: Dataset;
  readonly holdout: LabelledDataset;
  readonly epochs: number;
  readonly steps: number;
  readonly amounts: Amounts;
  student(): Student;
}

export const BATCH = 64;
export const optimizer = { name: 'adam', learningRate: 1e-3 } as const;
const SIDE = 28;
const UNLABELLED = -1;

export async function openSetting(
  name: SettingName,
  amounts: Amounts,
  threads: number,
): Promise<Setting & AsyncDisposable> {
  const trainer = await openTrainer({ threads });
  const store = await openStore('limbeck-experiments', { kind: 'memory' });
  const { data: everything, holdout } = await readDigits(amounts);
  const labels = name === 'all' ? everything.labels : fewLabels(everything.labels, amounts.labelled);
  const data = digitsOf(everything.images, labels);
  const known = Int32Array.from([...labels.keys()].filter((i) => labels[i] !== UNLABELLED));
  const labelled = pick(data, known);
  const opened =
    name === 'few' ? await openReader(threads) : await openResnet(labelled, holdout, amounts, trainer, threads);
  const teacher: CachedTeacher = await cachedTeacher(opened, store, { precision: 'float16' });
  return {
    name,
    teacher,
    trainer,
    store,
    data,
    labelled,
    unlabelled: digitsOf(everything.images),
    holdout,
    epochs: amounts.epochs[name],
    steps: amounts.epochs[name] * Math.ceil(data.size / BATCH),
    amounts,
    student: () =>
      name === 'few' ? cnn({ classes: 10 }) : mlp({ inputShape: [SIDE, SIDE, 1], hidden: [800, 800], classes: 10 }),
    async [Symbol.asyncDispose]() {
      await teacher[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      await trainer[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function readDigits({ examples, heldOut }: Amounts) {
  const read = async (file: string) => new Uint8Array(await (await fetch(`./data/${file}`)).arrayBuffer());
  const [train, trainLabels, holdout, holdoutLabels] = await Promise.all(
    ['train.bin', 'train-labels.bin', 'holdout.bin', 'holdout-labels.bin'].map(read),
  );
  return {
    data: {
      images: imagesOf(train as Uint8Array, examples),
      labels: Int32Array.from((trainLabels as Uint8Array).subarray(0, examples)),
    },
    holdout: take(digitsOf(imagesOf(holdout as Uint8Array), holdoutLabels as Uint8Array), heldOut),
  };
}

function imagesOf(bytes: Uint8Array, most = Number.POSITIVE_INFINITY): NdArray {
  const count = Math.min(most, bytes.length / SIDE ** 2);
  return {
    data: Float32Array.from(bytes.subarray(0, count * SIDE ** 2), (byte) => byte / 255),
    shape: [count, SIDE, SIDE, 1],
  };
}

function digitsOf(images: NdArray): Dataset;
function digitsOf(images: NdArray, labels: ArrayLike<number>): LabelledDataset;
function digitsOf(images: NdArray, labels?: ArrayLike<number>): Dataset {
  return labels === undefined ? fromArrays(images) : fromArrays(images, labels);
}

/** As many of each class as of any other: the first ones. */
function fewLabels(labels: Int32Array, count: number): Int32Array {
  const taken = new Int32Array(10);
  return labels.map((label) => {
    const place = taken[label] ?? count;
    taken[label] = place + 1;
    return place < count / 10 ? label : UNLABELLED;
  });
}

/** The text reader that has never seen a handwritten digit, with what its encoder gives before the alphabet. */
async function openReader(threads: number): Promise<Teacher> {
  const keys = (await (await fetch('./models/ppocr_keys_v1.txt')).text()).split('\n');
  const classes = [...'0123456789'].map((digit) => keys.indexOf(digit) + 1);
  return loadTeacher('./models/ch_PP-OCRv4_rec_infer.onnx', {
    name: 'PP-OCRv4 recognition',
    input: { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 },
    taps: [{ tensor: 'p2o.Add.269', name: 'features' }],
    read: sumOverTime({ classes, output: 'softmax_11.tmp_0', keep: ['features'] }),
    threads,
  }).done;
}

/** Trained here on all labels with varied digits, then written as ONNX and loaded as any teacher. */
async function openResnet(
  labelled: LabelledDataset,
  holdout: LabelledDataset,
  { teacherEpochs }: Amounts,
  trainer: Trainer,
  threads: number,
): Promise<Teacher> {
  const student = resnet8({ inputShape: [SIDE, SIDE, 1], classes: 10 });
  await distill({
    student,
    data: labelled,
    holdout,
    loss: crossEntropy(),
    augment: { shift: 2, rotate: 10, scale: 0.1 },
    epochs: teacherEpochs,
    batchSize: BATCH,
    optimizer,
    trainer,
    seed: 7,
  }).done;
  const taps = [
    { outputOf: 'add_2', name: 'stage_2' },
    { outputOf: 'add_3', name: 'stage_3' },
    { outputOf: 'pooled', name: 'features' },
  ];
  return loadTeacher(await toOnnx(student), { name: 'resnet8', taps, threads }).done;
}
