// The two situations in which every method is tried, each with a teacher, data to learn from and digits held out.
import {
  type CachedTeacher,
  type Dataset,
  fromArrays,
  type LabelledDataset,
  type NdArray,
  openStore,
  openTrainer,
  pick,
  type Store,
  type Student,
  type Trainer,
  take,
  withoutLabels,
} from 'limbeck';
import { type Amounts, BATCH, type SettingName, SIDE } from './amounts.ts';
import { drawLabels, placesOf } from './labels.ts';
import { openReader, openResnet, type Teachers } from './teachers.ts';
import { studentOf } from './variant.ts';

/** What all runs share: teachers, trainer, and the digits. */
interface Shared extends Teachers {
  readonly name: SettingName;
  readonly trainer: Trainer;
  readonly threads: number;
  readonly store: Store;
  /** Each example once, without any label. */
  readonly unlabelled: Dataset;
  readonly holdout: LabelledDataset;
  readonly epochs: number;
  readonly steps: number;
  readonly amounts: Amounts;
  student(): Student;
}

/** What a method works with. Every seed has a run of its own and, in 'few', labels of its own. */
export interface Setting extends Shared {
  readonly seed: number;
  /** All examples with the labels that there are; in 'few' those that have one come ten times, so that no batch is without. */
  readonly data: LabelledDataset;
  /** Those with a label, alone and once each. */
  readonly labelled: LabelledDataset;
  /** The label of each example, −1 where there is none. */
  readonly labels: Int32Array;
  /** Weight of cross-entropy next to a teacher: its mean is over all examples, so it is divided by the share of labels. */
  readonly labelWeight: number;
  readonly labelShare: number;
  /** What is made once for many rows of that seed, by name: it is part of no row's time but the first one's. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}

/** A setting before a seed is drawn. */
export interface OpenSetting extends Shared, AsyncDisposable {
  of(seed: number): Setting;
}

const REPEATED = 10;
const LABELS = { few: 1, all: 0.3 };

export async function openSetting(name: SettingName, amounts: Amounts, threads: number): Promise<OpenSetting> {
  const trainer = await openTrainer({ threads });
  const store = await openStore('limbeck-experiments');
  const { images, everyLabel, holdout } = await readDigits(amounts);
  const everything = fromArrays(images, everyLabel);
  const open = { trainer, store, threads };
  const teachers = await (name === 'few' ? openReader(open) : openResnet(open, everything, amounts.teacherEpochs));
  const repeats = name === 'few' ? (REPEATED - 1) * amounts.labelled : 0;
  const shared: Shared = {
    ...teachers,
    ...{ name, ...open, holdout, amounts },
    unlabelled: withoutLabels(everything),
    epochs: amounts.epochs[name],
    steps: amounts.epochs[name] * Math.ceil((everything.size + repeats) / BATCH),
    student: () => studentOf(name),
  };
  const drawn = new Map<number, Setting>();
  return {
    ...shared,
    of(seed) {
      const found = drawn.get(seed);
      if (found !== undefined) return found;
      const labels = name === 'all' ? everyLabel : drawLabels(everyLabel, amounts.labelled, seed);
      const setting = { ...shared, seed, ...labelledBy(images, labels, name), once: onceEach() };
      drawn.set(seed, setting);
      return setting;
    },
    async [Symbol.asyncDispose]() {
      await teachers[Symbol.asyncDispose]();
      await trainer[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function labelledBy(images: NdArray, labels: Int32Array, name: SettingName) {
  const once = fromArrays(images, labels);
  const known = placesOf(labels);
  const repeated = Array.from({ length: REPEATED - 1 }, () => [...known]).flat();
  const data = name === 'all' ? once : pick(once, Int32Array.from([...labels.keys(), ...repeated]));
  const labelShare = name === 'all' ? 1 : (REPEATED * known.length) / data.size;
  return { data, labels, labelled: pick(once, known), labelShare, labelWeight: LABELS[name] / labelShare };
}

function onceEach(): Setting['once'] {
  const made = new Map<string, Promise<unknown>>();
  return <T>(what: string, make: () => Promise<T>) => {
    if (!made.has(what)) made.set(what, make());
    return made.get(what) as Promise<T>;
  };
}

/** Asks about every example once and writes the answers down, so that no row pays for it. */
export async function askEverything(teacher: CachedTeacher, { unlabelled }: Shared): Promise<void> {
  for (let at = 0; at < unlabelled.size; at += BATCH) {
    const indices = Int32Array.from({ length: Math.min(BATCH, unlabelled.size - at) }, (_, i) => at + i);
    await teacher.ask((await unlabelled.read(indices)).inputs);
  }
  await teacher.flush();
}

/** Those to learn from, and those to be scored on. */
export async function readDigits({ examples, heldOut }: Amounts) {
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
