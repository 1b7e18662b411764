// The page of benchmarks/personalize.mjs: it opens the student once, and measures one thing whenever it is asked to.
import {
  applyPatch,
  biasOnly,
  type Dataset,
  full,
  headOnly,
  knn,
  lora,
  type Method,
  openTrainer,
  personalize,
  prototypes,
  type Student,
  type Trainer,
} from 'limbeck';
import { loadDigits, loadDigitTeacher } from '../../demo/digits.ts';
import { readAll } from '../../src/adapt/examples.ts';
import { pickRowsOfAll } from '../../src/core/rows.ts';
import type { NdArray } from '../../src/core/shape.ts';
import { batchIndices } from '../../src/data/views.ts';
import { accuracyOf, at, datasetOf, digitsOf, type Labelled, type PersonDigits, rightOf } from './personalizeDigits.ts';
import { measureOnnx } from './personalizeOnnx.ts';
import { measurePeer, type PeerName } from './personalizePeers.ts';
import { distilStudent, filesOf, type PlainFiles, studentFromFiles } from './personalizeStudent.ts';
import { someOfEach } from './someOfEach.ts';
import { type Writer, type WriterSet, writersOf } from './writers.ts';

interface Amounts {
  readonly seed: number;
  readonly perClass: number;
  /** How many of the 8,000 are replayed; 0: nothing keeps what the base knows. */
  readonly replayed: number;
}

/** What one person's patch came to, accuracies as fractions. */
interface UserRow {
  readonly name: string;
  /** On the person's held-out digits. */
  readonly before: number;
  readonly after: number;
  /** On the same digits as they were. */
  readonly base: { readonly before: number; readonly after: number };
  readonly patchBytes: number;
  readonly adaptMs: number;
  /** What the guard decided, and why. */
  readonly isAccepted: boolean;
  readonly why: string;
  /** By what, how much of the changes it took, and of how many examples it judged how many were lost and gained. */
  readonly judgedBy: string;
  readonly strength: number;
  readonly judged: number;
  readonly lost: number;
  readonly gained: number;
}

interface Opened extends Amounts {
  readonly student: Student;
  readonly trainer: Trainer;
  /** The 8,000, without a label. */
  readonly learned: Dataset;
  readonly heldOut: Labelled;
}

let opened: Opened | undefined;
let writers: readonly Writer[] = [];
const known = new Map<number, PersonDigits>();
const { signal } = new AbortController();

const METHODS: Readonly<Record<string, () => Method>> = {
  lora: () => lora({ rank: 4 }),
  headOnly: () => headOnly(),
  biasOnly: () => biasOnly(),
  full: () => full(),
  prototypes: () => prototypes(),
  knn: () => knn(),
};

/** Takes the student from its files, or distils it. */
async function open(amounts: Amounts, files: PlainFiles | undefined) {
  const trainer = await openTrainer();
  const { data, holdout } = await loadDigits(8000, signal);
  const student = files === undefined ? await distilStudent(trainer, amounts.seed) : studentFromFiles(files);
  const heldOut = (await readAll(holdout)) as Labelled;
  opened = { ...amounts, student, trainer, learned: data, heldOut };
  const { backend, threads, simdLevel } = trainer.description;
  return {
    files: filesOf(student),
    accuracy: await accuracyOf(trainer, student, heldOut),
    ...{ backend, threads, simdLevel },
    methods: Object.keys(METHODS),
  };
}

/** Who writes from now on. */
function gather(set: WriterSet): string[] {
  writers = writersOf(set);
  known.clear();
  return writers.map(({ name }) => name);
}

function theOpened(): Opened {
  if (opened === undefined) throw new Error('The page is not open yet.');
  return opened;
}

function personAt(place: number): PersonDigits {
  const { heldOut, perClass, seed } = theOpened();
  const person = writers[place];
  if (person === undefined) throw new Error(`There is no person ${place}.`);
  const digits = known.get(place) ?? digitsOf(person, heldOut, perClass, seed);
  known.set(place, digits);
  return digits;
}

/** What `personalize` is spared: to keep what the base knows, and to judge what it learned. */
interface Spared {
  readonly keep?: boolean;
  readonly guard?: boolean;
}

/** Personalizes the student to one person and measures both. */
async function adapt(place: number, method: string, spared: Spared = {}): Promise<UserRow> {
  const { student, trainer, learned, replayed, seed } = theOpened();
  const { name, own, heldOut, plain } = personAt(place);
  const data = datasetOf(own);
  const startedAt = performance.now();
  const patch = await personalize({
    ...{ student, data, trainer, seed },
    method: METHODS[method]?.(),
    ...(spared.guard && { guard: { holdoutFraction: 0 } }),
    ...(!spared.keep && replayed > 0 && { keep: { replay: learned, replayExamples: replayed } }),
  }).done;
  const adaptMs = performance.now() - startedAt;
  const patched = await applyPatch(student, patch);
  const scores = async (digits: Labelled) => ({
    before: await accuracyOf(trainer, student, digits),
    after: await accuracyOf(trainer, patched, digits),
  });
  const { verdict, bytes, judgedBy, strength, own: figures } = patch.report;
  const { examples: judged = 0, lost = 0, gained = 0 } = figures ?? {};
  return {
    ...{ name, ...(await scores(heldOut)), base: await scores(plain), patchBytes: bytes, adaptMs },
    ...{ ...verdict, judgedBy, strength, judged, lost, gained },
  };
}

async function peer(place: number, name: PeerName) {
  const { artifacts } = theOpened().student;
  if (artifacts === undefined) throw new Error('The student has not learned yet.');
  return measurePeer(name, personAt(place), artifacts);
}

/** The text reader as it came, on the held-out digits. */
async function reader(): Promise<number> {
  const { heldOut } = theOpened();
  await using teacher = await loadDigitTeacher(() => undefined, signal);
  let right = 0;
  for (const indices of batchIndices(heldOut.size, 32)) {
    const { logits } = await teacher.ask(pickRowsOfAll(heldOut.inputs, indices));
    right += indices.length * rightOf(logits as NdArray, at(heldOut, indices).labels);
  }
  return right / heldOut.size;
}

/** The text reader, taught with some of the 8,000 digits, whose labels are read here alone. */
async function onnx(perClass: number, seed: number) {
  const { learned, heldOut, trainer } = theOpened();
  const everyLabel = new Uint8Array(await (await fetch('./data/train-labels.bin')).arrayBuffer());
  const labels = Int32Array.from(everyLabel);
  const places = someOfEach(labels, perClass, seed);
  const { inputs } = await learned.read(places);
  const own = { inputs, labels: places.map((i) => labels[i] as number), size: places.length };
  return measureOnnx(own, heldOut, trainer, seed);
}

Object.assign(globalThis, { bench: { open, gather, adapt, peer, reader, onnx } });
