// The two situations in which every method is tried, each with a teacher, data to learn from and digits held out.
import {
  type CachedTeacher,
  cnn,
  type Dataset,
  fromArrays,
  type LabelledDataset,
  mlp,
  type NdArray,
  openStore,
  openTrainer,
  pick,
  type Store,
  type Student,
  type Trainer,
  take,
  UNLABELLED,
  withoutLabels,
} from 'limbeck';
import { type Amounts, BATCH, type SettingName, SIDE } from './amounts.ts';
import { openReader, openResnet, type Teachers } from './teachers.ts';

/** What a method works with. Every run has a seed of its own; all share teachers, trainer and data. */
export interface Setting extends Teachers {
  readonly name: SettingName;
  readonly trainer: Trainer;
  readonly threads: number;
  readonly store: Store;
  /** All examples with the labels that there are; in 'few' those that have one come ten times, so that no batch is without. */
  readonly data: LabelledDataset;
  /** Those with a label, alone and once each. */
  readonly labelled: LabelledDataset;
  /** Each example once, without any label. */
  readonly unlabelled: Dataset;
  /** The label of each of these, −1 where there is none. */
  readonly labels: Int32Array;
  readonly holdout: LabelledDataset;
  /** Weight of cross-entropy beside a teacher: its mean is over all examples, so it is divided by the share of labels. */
  readonly labelWeight: number;
  readonly labelShare: number;
  readonly epochs: number;
  readonly steps: number;
  readonly amounts: Amounts;
  /** What is made once for many rows, by name: it is part of no row's time but the first one's. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  student(): Student;
}

const REPEATED = 10;
const LABELS = { few: 1, all: 0.3 };

export async function openSetting(
  name: SettingName,
  amounts: Amounts,
  threads: number,
): Promise<Setting & AsyncDisposable> {
  const trainer = await openTrainer({ threads });
  const store = await openStore('limbeck-experiments');
  const { images, everyLabel, holdout } = await readDigits(amounts);
  const labels = name === 'all' ? everyLabel : fewLabels(everyLabel, amounts.labelled);
  const once = fromArrays(images, labels);
  const known = [...labels.keys()].filter((i) => labels[i] !== UNLABELLED);
  const labelled = pick(once, Int32Array.from(known));
  const repeated = Array.from({ length: REPEATED - 1 }, () => known).flat();
  const data = name === 'all' ? once : pick(once, Int32Array.from([...labels.keys(), ...repeated]));
  const labelShare = name === 'all' ? 1 : (REPEATED * known.length) / data.size;
  const shared = { trainer, store, threads };
  const teachers = await (name === 'few' ? openReader(shared) : openResnet(shared, labelled, amounts.teacherEpochs));
  const made = new Map<string, Promise<unknown>>();
  return {
    ...teachers,
    ...{ name, trainer, threads, store, data, labelled, labels, holdout, labelShare, amounts },
    unlabelled: withoutLabels(once),
    labelWeight: LABELS[name] / labelShare,
    epochs: amounts.epochs[name],
    steps: amounts.epochs[name] * Math.ceil(data.size / BATCH),
    once<T>(what: string, make: () => Promise<T>) {
      if (!made.has(what)) made.set(what, make());
      return made.get(what) as Promise<T>;
    },
    student: () => (name === 'few' ? cnn() : mlp({ inputShape: [SIDE, SIDE, 1], hidden: [800, 800] })),
    async [Symbol.asyncDispose]() {
      await teachers[Symbol.asyncDispose]();
      await trainer[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Asks about every example once and writes the answers down, so that no row pays for it. */
export async function askEverything(teacher: CachedTeacher, { unlabelled }: Setting): Promise<void> {
  for (let at = 0; at < unlabelled.size; at += BATCH) {
    const indices = Int32Array.from({ length: Math.min(BATCH, unlabelled.size - at) }, (_, i) => at + i);
    await teacher.ask((await unlabelled.read(indices)).inputs);
  }
  await teacher.flush();
}

async function readDigits({ examples, heldOut }: Amounts) {
  const read = async (file: string) => new Uint8Array(await (await fetch(`./data/${file}`)).arrayBuffer());
  const files = ['train.bin', 'train-labels.bin', 'holdout.bin', 'holdout-labels.bin'];
  const [train, labels, held, heldLabels] = (await Promise.all(files.map(read))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return {
    images: imagesOf(train, examples),
    everyLabel: Int32Array.from(labels.subarray(0, examples)),
    holdout: take(fromArrays(imagesOf(held), heldLabels), heldOut),
  };
}

function imagesOf(bytes: Uint8Array, most = Number.POSITIVE_INFINITY): NdArray {
  const count = Math.min(most, bytes.length / SIDE ** 2);
  return {
    data: Float32Array.from(bytes.subarray(0, count * SIDE ** 2), (byte) => byte / 255),
    shape: [count, SIDE, SIDE, 1],
  };
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
