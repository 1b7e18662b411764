// A person's profile in a real browser, over a small student that has learned real digits for a moment.
import {
  artifactsFromFiles,
  crossEntropy,
  destroyKey,
  distill,
  encryptedStore,
  fromArrays,
  mlp,
  type NdArray,
  openProfile,
  openStore,
  openTrainer,
  type Profile,
  type Store,
  type Student,
  studentFromArtifacts,
  studentLearner,
  type Trainer,
  toFiles,
  wipe,
} from 'limbeck';
import { holds, type Kind, opening, rawValues, settled } from './rawStore.ts';

export type { Kind };

/** What a page tells while it works, so that what it knew when it died is known. */
export type Told =
  | { readonly type: 'observed'; readonly id: string }
  /** Before it is done, and when it is. */
  | { readonly type: 'forgetting'; readonly id: string }
  | { readonly type: 'forgotten'; readonly id: string }
  | { readonly type: 'version'; readonly number: number; readonly answers: string };

/** What a profile says of itself. */
export interface Standing {
  readonly ids: readonly string[];
  readonly labels: readonly (string | undefined)[];
  readonly versions: readonly number[];
  readonly current: number;
  readonly answers: string;
  readonly notices: readonly string[];
}

const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** No text that is anywhere by chance. */
export const LABELS = Array.from({ length: 10 }, (_, digit) => `written-as-${digit}`);
const STUDENT = { model: 'model.json', weights: 'weights.bin' };

let pixels = new Uint8Array();
let labels = new Uint8Array();

async function readDigits(): Promise<void> {
  if (pixels.length > 0) return;
  const read = async (file: string) => new Uint8Array(await (await fetch(`/demo/data/${file}`)).arrayBuffer());
  [pixels, labels] = await Promise.all([read('holdout.bin'), read('holdout-labels.bin')]);
}

function imagesOf(from: number, count: number): NdArray {
  const data = Float32Array.from(pixels.subarray(from * PIXELS, (from + count) * PIXELS), (byte) => byte / 255);
  return { data, shape: [count, SIDE, SIDE, 1] };
}

/** One digit as an example, without the batch. */
function digitAt(i: number) {
  return { input: { data: imagesOf(i, 1).data, shape: [SIDE, SIDE, 1] }, label: LABELS[labels[i] ?? 0] ?? '' };
}

/** Trains the student that every page uses, and leaves it in this origin. */
export async function makeStudent(): Promise<void> {
  await readDigits();
  await using trainer = await openTrainer({ threads: 1 });
  await using store = await openStore('profile-student', { kind: 'indexeddb' });
  const student = mlp({ inputShape: [SIDE, SIDE, 1], hidden: [16], classes: 10 });
  const data = fromArrays(imagesOf(0, 640), labels.subarray(0, 640));
  await distill({ student, data, loss: crossEntropy(), epochs: 3, batchSize: 32, trainer, seed: 1 }).done;
  if (student.artifacts === undefined) throw new Error('The student has no weights.');
  const files = toFiles(student.artifacts);
  await store.put(STUDENT.model, new TextEncoder().encode(files['model.json']));
  await store.put(STUDENT.weights, files['weights.bin']);
}

async function loadStudent(): Promise<Student> {
  await using store = await openStore('profile-student', { kind: 'indexeddb' });
  const [model, weights] = [await store.get(STUDENT.model), await store.get(STUDENT.weights)];
  if (model === undefined || weights === undefined) throw new Error('makeStudent was not called.');
  const files = { 'model.json': new TextDecoder().decode(model), 'weights.bin': weights };
  return studentFromArtifacts('mlp', artifactsFromFiles(files));
}

const NAME = 'profile-of-a-person';

interface Opened {
  readonly beneath: Store;
  readonly profile: Profile;
  readonly trainer: Trainer;
}

let opened: Opened | undefined;

function now(): Opened {
  if (opened === undefined) throw new Error('open was not called.');
  return opened;
}

/** Opens the profile of this origin; what it keeps are inputs where `keeps` says so, features otherwise. */
export async function open(kind: Kind, keeps: 'features' | 'examples' = 'features'): Promise<Standing> {
  await readDigits();
  const beneath = await openStore(NAME, { kind });
  const store = await encryptedStore(beneath, { key: 'device' });
  const trainer = await openTrainer({ threads: 1 });
  const profile = await openProfile(store, await loadStudent(), {
    labels: LABELS,
    keeps,
    // What is asked here is what is kept of what was learned, whichever of two tabs observed first, and not its use.
    learner: studentLearner({ trainer, seed: 1, guard: { tolerance: 1 } }),
    learning: 'asked',
  });
  opened = { beneath, profile, trainer };
  return standing();
}

/** How the profile reads some digits that it was never shown, to the last bit. */
async function answers({ profile }: Opened): Promise<string> {
  const probs: number[] = [];
  for (const i of [1900, 1910, 1920]) probs.push(...Object.values((await profile.predict(digitAt(i).input)).probs));
  return JSON.stringify(probs);
}

export async function standing(): Promise<Standing> {
  const { profile } = now();
  const examples = await profile.examples();
  return {
    ids: examples.map(({ id }) => id),
    labels: examples.map(({ label }) => label),
    versions: (await profile.history()).map(({ number }) => number),
    current: (await profile.current()).number,
    answers: await answers(now()),
    notices: profile.notices,
  };
}

export async function observe(from: number, count: number): Promise<void> {
  const { profile } = now();
  const some = Array.from({ length: count }, (_, i) => from + i);
  await Promise.all(
    some.map((i) => {
      const { input, label } = digitAt(i);
      return profile.observe(input, label, { id: `digit-${i}` });
    }),
  );
}

export async function learn(): Promise<Standing> {
  await now().profile.learn({ steps: 20 }).done;
  return standing();
}

/** Observes, learns and now and then forgets, without end; tells each thing once it is acknowledged. */
export async function work(round: number, tell: (told: Told) => Promise<void>): Promise<never> {
  const { profile } = now();
  const idOf = (i: number) => `digit-${round}-${i}`;
  for (let i = 0; ; i++) {
    const { input, label } = digitAt((37 * round + i) % 1900);
    void tell({ type: 'observed', id: await profile.observe(input, label, { id: idOf(i) }) });
    if (i % 4 === 3) {
      const { number } = await profile.learn({ steps: 10 }).done;
      void tell({ type: 'version', number, answers: await answers(now()) });
    }
    if (i % 6 === 5) {
      const id = idOf(i - 5);
      // Killed from here on, it may be gone or not.
      await tell({ type: 'forgetting', id });
      await profile.forget(id);
      void tell({ type: 'forgotten', id });
    }
  }
}

/** Resolves with what the profile says once another tab has made this version current. */
export async function waitForVersion(number: number): Promise<Standing> {
  const { profile } = now();
  const isThere = async () => (await profile.current()).number === number;
  await new Promise<void>((resolve) => {
    const look = () => void isThere().then((there) => there && resolve());
    profile.watch(({ type }) => type === 'changed' && look());
    look();
  });
  return standing();
}

/** Which of the things that must not be readable are found in everything that the origin holds of the profile. */
export async function findPlain(kind: Kind): Promise<{ values: number; found: string[] }> {
  const raw = await rawValues(kind, NAME);
  const encoder = new TextEncoder();
  const needles: [string, Uint8Array][] = [
    ...LABELS.map((label): [string, Uint8Array] => [label, encoder.encode(label)]),
    ...['profiles/', 'default', 'binding', 'digit-'].map((text): [string, Uint8Array] => [text, encoder.encode(text)]),
    // The middle rows of the first example: ink, not paper.
    ['an example', new Uint8Array(digitAt(0).input.data.slice(12 * SIDE, 14 * SIDE).buffer)],
  ];
  const found = needles.filter(([, needle]) => raw.some((one) => holds(one, needle)));
  return { values: raw.length, found: found.map(([name]) => name) };
}

/** As `findPlain`, where everything is kept as it is: what it would find. */
export async function findPlainUnencrypted(kind: Kind): Promise<string[]> {
  await readDigits();
  await using trainer = await openTrainer({ threads: 1 });
  await using store = await openStore(NAME, { kind });
  const options = { labels: LABELS, keeps: 'examples', learner: studentLearner({ trainer }) } as const;
  const profile = await openProfile(store, await loadStudent(), options);
  const { input, label } = digitAt(0);
  await profile.observe(input, label, { id: 'digit-0' });
  const { found } = await findPlain(kind);
  await profile.destroy();
  return found;
}

/** Changes one byte: of the largest value, which is an example where nothing was learned, or of records of the key. */
export async function tamper(
  kind: Kind,
  what: 'largest value' | 'record of the key' | 'both records of the key',
): Promise<void> {
  await using beneath = await openStore(NAME, { kind });
  const records = ['encryption.lock', 'encryption.lock.copy'];
  const all = await Promise.all((await beneath.keys()).map(async (key) => ({ key, bytes: await beneath.get(key) })));
  const values = all.filter(({ key }) => !records.includes(key));
  const [largest] = values.sort((a, b) => (b.bytes?.length ?? 0) - (a.bytes?.length ?? 0));
  const wanted =
    what === 'largest value'
      ? [largest]
      : all.filter(({ key }) => key === records[0] || (what === 'both records of the key' && key === records[1]));
  for (const one of wanted) {
    if (one?.bytes === undefined) throw new Error(`There is no ${what}.`);
    const at = one.bytes.length >> 1;
    one.bytes[at] = (one.bytes[at] ?? 0) ^ 1;
    await beneath.put(one.key, one.bytes);
  }
}

/** What comes of opening the encrypted store and reading each value: codes of errors, each once. */
export async function readCodes(kind: Kind): Promise<string[]> {
  await using beneath = await openStore(NAME, { kind });
  const codes = new Set<string>();
  const take = (error: Error & { code?: string }) => void codes.add(error.code ?? error.message);
  const store = await encryptedStore(beneath, { key: 'device' }).catch(take);
  for (const key of (await store?.keys()) ?? []) await store?.get(key).catch(take);
  return [...codes];
}

/** What can be had of the key of this device, as code of the page could try to. */
export async function lookAtKey(kind: Kind): Promise<{ extractable: boolean[]; exported: string[] }> {
  const database = await opening('limbeck-keys');
  const kept = database.objectStoreNames.contains('keys')
    ? await settled(
        database.transaction('keys').objectStore('keys').get(`${kind}//${NAME}`) as IDBRequest<
          Record<string, CryptoKey>
        >,
      )
    : undefined;
  database.close();
  const keys = Object.values(kept ?? {});
  const tries = keys.map((key) =>
    crypto.subtle.exportKey('raw', key).then(
      () => 'it was exported',
      ({ name }: Error) => name,
    ),
  );
  return { extractable: keys.map(({ extractable }) => extractable), exported: await Promise.all(tries) };
}

/** Destroys the profile, what is left in the store, and the key; tells how many values and keys there are then. */
export async function destroyAll(kind: Kind) {
  const { profile, beneath } = now();
  await profile.destroy();
  const afterProfile = (await rawValues(kind, NAME)).length;
  await wipe(beneath);
  await destroyKey(NAME);
  const { extractable } = await lookAtKey(kind);
  return { afterProfile, values: (await rawValues(kind, NAME)).length, keys: extractable.length };
}

/** In a page that is not secure: what is refused, and what works without encryption. */
export async function withoutSecureContext() {
  await makeStudent();
  await using store = await openStore(NAME);
  const refused = await encryptedStore(store, { key: 'device' }).catch((error: Error & { code?: string }) => error);
  const keys = await store.keys();
  await using trainer = await openTrainer();
  await using profile = await openProfile(store, await loadStudent(), {
    labels: LABELS,
    learner: studentLearner({ trainer }),
  });
  for (let i = 0; i < 12; i++) await profile.observe(digitAt(i).input, digitAt(i).label);
  await profile.learn({ steps: 10 }).done;
  return {
    isSecure: globalThis.isSecureContext,
    code: 'code' in refused ? refused.code : 'it was not refused',
    keys,
    kind: store.kind,
    examples: (await profile.examples()).length,
  };
}
