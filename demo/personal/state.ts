import { signal } from '@preact/signals';
import type { KeptExample, NdArray, Profile, ProfileEvent, ProfileVersion } from 'limbeck';
import { LABELS, SIDE } from '../digits.ts';
import { countOf } from '../format.ts';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import type { Person, Writing } from '../handTrial.ts';
import { inputOf, type Lesson, openLesson } from '../lesson.ts';
import { wipePersonalStore } from '../personalStore.ts';
import { type FoundStudent, findStudent } from '../personalStudent.ts';
import { reportInWords } from './reportInWords.ts';

export type State = 'opening' | 'no-student' | 'ready' | 'failed';

/** What is in the store. */
export interface Taught {
  readonly examples: readonly KeptExample[];
  readonly versions: readonly ProfileVersion[];
  readonly current: ProfileVersion;
  readonly exampleBytes: number;
  readonly versionBytes: number;
}

/** What the page of one's own hand shows. */
export const state = signal<State>('opening');
export const error = signal<PlainError | undefined>(undefined);
export const lesson = signal<Lesson | undefined>(undefined);
export const found = signal<FoundStudent | undefined>(undefined);
export const taught = signal<Taught | undefined>(undefined);
/** The newest about learning, and how far it is: 0 to 1, undefined while unknown, 'none' if nothing is learned now. */
export const learning = signal('Nothing yet.');
export const learned = signal<number | undefined | 'none'>('none');
/** Below what is kept. */
export const note = signal('');
/** The exported profile. */
export const exported = signal<Uint8Array<ArrayBuffer> | undefined>(undefined);
/** The digit that shows each handwriting. */
export const handDigit = signal<Float32Array | undefined>(undefined);
/** Counts how often all was destroyed: the desk is cleared then. */
export const rounds = signal(0);
/** Counts whenever the student may answer otherwise than before. */
export const changes = signal(0);

/** Which digit shows a handwriting, and how many are searched for it. */
const SHOWN = 4;
const LOOKED_AT = 100;

/** Shown if learning would be refused: from a single label a student learns to answer only that. */
export const ONE_LABEL = 'Learning begins once two different digits are kept.';

/** Does work, and shows what it throws. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    error.value = errorOf(cause);
  }
}

function fail(cause: unknown): void {
  error.value = errorOf(cause);
  state.value = 'failed';
}

/** Opens the student that was distilled in this browser, if there is one. */
export async function open(): Promise<void> {
  try {
    const student = await findStudent();
    if (student === undefined) state.value = 'no-student';
    else await begin(student);
  } catch (cause) {
    fail(cause);
  }
}

export async function begin(student: FoundStudent): Promise<void> {
  try {
    lesson.value = await openLesson(student.student, heard);
  } catch (cause) {
    fail(cause);
    return;
  }
  found.value = student;
  const { number, report } = await lesson.value.profile.current();
  if (number > 0) learning.value = `Version ${number}: ${reportInWords(report)}`;
  await Promise.all([refresh(), attempt(findHandDigit)]);
  state.value = 'ready';
}

/** The first of the held-out digits that is one that shows a handwriting well. */
async function findHandDigit(): Promise<void> {
  const holdout = lesson.value?.digits.holdout;
  if (holdout === undefined) return;
  const { inputs, labels } = await holdout.read(Int32Array.from({ length: LOOKED_AT }, (_, i) => i));
  const from = labels.indexOf(SHOWN) * SIDE ** 2;
  handDigit.value = Float32Array.from((inputs['input'] as NdArray).data.subarray(from, from + SIDE ** 2));
}

export async function hasTwoLabels(profile: Profile): Promise<boolean> {
  return new Set((await profile.examples()).map(({ label }) => label)).size > 1;
}

export async function learn(): Promise<void> {
  const profile = lesson.value?.profile;
  if (profile === undefined) return;
  if (!(await hasTwoLabels(profile))) {
    learning.value = ONE_LABEL;
    return;
  }
  const run = profile.learn();
  for await (const event of run) heard(event);
  await run.done;
}

/** Of requested learning, automatic learning, and other tabs. */
function heard(event: ProfileEvent): void {
  const say = (sentence: string) => {
    learning.value = sentence;
    learned.value = event.type === 'started' ? undefined : 'none';
  };
  if (event.type === 'started') say(`Learning from ${countOf(event.examples, 'example')}…`);
  if (event.type === 'progress') learned.value = event.step / (event.steps ?? event.step);
  if (event.type === 'learned') say(`Version ${event.version.number}: ${reportInWords(event.version.report)}`);
  if (event.type === 'not-applied') say(`Nothing was changed. ${event.why}`);
  if (event.type === 'notice') say(/All examples are of class/.test(event.message) ? ONE_LABEL : event.message);
  if (event.type === 'destroyed') {
    lesson.value = undefined;
    say('Everything was destroyed in another tab. Reload this page to begin again.');
  }
  if (event.type === 'changed') {
    changes.value++;
    void attempt(refresh);
  }
}

let isShowing = false;
let isStale = false;

/** Reads the current lists, one reading at a time. */
export async function refresh(): Promise<void> {
  isStale = true;
  if (isShowing) return;
  isShowing = true;
  try {
    while (isStale && lesson.value !== undefined) {
      isStale = false;
      const { profile } = lesson.value;
      const [examples, versions, current, contents] = await Promise.all([
        profile.examples(),
        profile.history(),
        profile.current(),
        profile.contents(),
      ]);
      const { exampleBytes, versionBytes } = contents;
      taught.value = { examples, versions, current, exampleBytes, versionBytes };
    }
  } finally {
    isShowing = false;
  }
}

export const forget = async ({ id }: KeptExample) => lesson.value?.profile.forget(id);

export async function goBack(number: number): Promise<void> {
  await lesson.value?.profile.rollback(number);
  const answers = number === 0 ? 'The student as it was distilled' : `Version ${number}`;
  learning.value = `${answers} answers now, until something new is taught.`;
}

export async function keepHand({ name }: Person, { own }: Writing): Promise<void> {
  const seen = new Map<number, number>();
  for (const { digit, label } of own) {
    const nth = (seen.get(label) ?? 0) + 1;
    seen.set(label, nth);
    // With an id, keeping the same digit again gives the same example.
    await lesson.value?.profile.teach(inputOf(digit), LABELS[label] ?? '', { id: `${name}: ${label}, ${nth}` });
  }
}

export async function destroyEverything(): Promise<void> {
  const before = lesson.value;
  lesson.value = undefined;
  await before?.profile.destroy();
  await before?.place.close();
  await wipePersonalStore();
  if (before === undefined) {
    location.reload();
    return;
  }
  lesson.value = await before.anew();
  learning.value = 'Nothing yet.';
  exported.value = undefined;
  note.value = 'Everything was destroyed: examples, versions and their key.';
  rounds.value++;
  await refresh();
}
