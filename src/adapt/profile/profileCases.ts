import { abortError } from '../../core/errors.ts';
import { type NamedArrays, type NdArray, ndArray } from '../../core/shape.ts';
import { type Medium, storeOver } from '../../storage/medium.ts';
import { openMemory } from '../../storage/memory.ts';
import type { Store } from '../../storage/store.ts';
import type { Patch } from '../../student/patch/patch.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import type { LearnBudget } from '../budget.ts';
import { openProfile } from './openProfile.ts';
import type { KeptExamples, Profile, ProfileLearner } from './profile.ts';
import type { ProfileOptions } from './settings.ts';

export const LABELS = ['left', 'right'];
/** Where the base thinks that its classes lie. */
const BASE_MEANS = [
  [-1, 0],
  [1, 0],
];

/** A base that hashes; nothing runs it. */
export function studentOf(weight = 1): StudentArtifacts {
  return {
    modelTopology: { model_config: { class_name: 'Sequential', config: { layers: [] } } },
    weightSpecs: [{ name: 'w', shape: [1], dtype: 'float32' }],
    weightData: Float32Array.of(weight).buffer,
  };
}

export interface FakeLearner extends ProfileLearner {
  readonly learned: KeptExamples[];
  readonly budgets: LearnBudget[];
  /** Held back until it resolves, or the signal aborts it. */
  gate: Promise<void> | undefined;
  refusal: string | undefined;
  base: string | undefined;
  disposals: number;
}

/** Learns the mean of each class: an example is of the class whose mean is nearest. Features are the inputs times two. */
export function meanLearner(): FakeLearner {
  const learner: FakeLearner = {
    inputs: { x: [2] },
    classes: 2,
    learned: [],
    budgets: [],
    gate: undefined,
    refusal: undefined,
    base: undefined,
    disposals: 0,
    features: async ({ x }) => doubled(x as NdArray),
    async learn(kept, budget, emit, signal) {
      learner.learned.push(kept);
      learner.budgets.push(budget);
      emit({ type: 'progress', step: 1 });
      await (learner.gate === undefined ? undefined : Promise.race([learner.gate, aborted(signal)]));
      if (signal.aborted) throw abortError();
      const report = { examples: kept.ids.length };
      if (learner.refusal !== undefined) return { patch: undefined, why: learner.refusal, report };
      return { patch: await patchOf(kept, learner.base), report };
    },
    async predict(patch, { x }) {
      const [a = 0, b = 0] = doubled(x as NdArray).data;
      const scores = meansOf(patch).map(([p = 0, q = 0]) => Math.exp(-((a - 2 * p) ** 2) - (b - 2 * q) ** 2));
      const total = scores.reduce((sum, score) => sum + score, 0);
      return ndArray(
        Float32Array.from(scores, (score) => score / total),
        [1, scores.length],
      );
    },
    async [Symbol.asyncDispose]() {
      learner.disposals++;
    },
  };
  return learner;
}

async function patchOf(kept: KeptExamples, base: string | undefined): Promise<Patch> {
  const rows = kept.keeps === 'features' ? (kept.inputs['features'] as NdArray) : doubled(kept.inputs['x'] as NdArray);
  const means = kept.classes.map((_, c) => {
    const own = [...kept.labels.keys()].filter((i) => kept.labels[i] === c);
    const mean = (f: number) => own.reduce((sum, i) => sum + (rows.data[2 * i + f] as number), 0) / own.length / 2;
    return own.length === 0 ? (BASE_MEANS[c] as number[]) : [mean(0), mean(1)];
  });
  return {
    name: 'means',
    version: 1,
    base: base ?? (await hashOfBase),
    method: 'means',
    labels: kept.classes,
    classes: kept.classes.length,
    changes: [{ kind: 'added', weight: 'w', shape: [means.length, 2], delta: Float32Array.from(means.flat()) }],
  };
}

const hashOfBase = import('../../student/patch/baseHash.ts').then(({ baseHash }) => baseHash(studentOf()));

function meansOf(patch: Patch | undefined): number[][] {
  const [change] = patch?.changes ?? [];
  if (change?.kind !== 'added') return BASE_MEANS;
  return Array.from({ length: change.shape[0] as number }, (_, c) => [...change.delta.subarray(2 * c, 2 * c + 2)]);
}

function doubled({ data, shape }: NdArray): NdArray {
  return { data: Float32Array.from(data, (value) => 2 * value), shape };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

export function point(x: number, y: number): NamedArrays {
  return { x: ndArray(Float32Array.of(x, y), [2]) };
}

/** Bytes that outlive the stores over them, as a disk does. */
export interface Disk {
  readonly values: Map<string, Uint8Array<ArrayBuffer>>;
  /** Undefined: as much as there is. */
  roomBytes?: number;
}

export function makeDisk(values: Iterable<[string, Uint8Array<ArrayBuffer>]> = []): Disk {
  return { values: new Map(values) };
}

export type Call = 'get' | 'put' | 'delete' | 'keys';

/** A store over a disk; `onCall` may throw before a call does anything, or give what is to be thrown after it. */
export async function storeOn(
  disk: Disk,
  onCall: (call: Call, key?: string) => unknown = () => undefined,
): Promise<Store> {
  const { values } = disk;
  async function call<T>(kind: Call, key: string | undefined, work: () => T): Promise<T> {
    const after = onCall(kind, key);
    const result = work();
    if (after !== undefined) throw after;
    return result;
  }
  const medium: Medium = {
    ...(await openMemory('test')),
    get: (key) => call('get', key, () => values.get(key)?.slice()),
    getRange: (key, start, end) => call('get', key, () => values.get(key)?.slice(start, end)),
    size: (key) => call('get', key, () => values.get(key)?.length),
    put: (key, bytes) =>
      call('put', key, () => {
        const used = [...values].reduce((sum, [one, { length }]) => sum + (one === key ? 0 : length), bytes.length);
        if (used > (disk.roomBytes ?? Number.POSITIVE_INFINITY)) throw new DOMException('full', 'QuotaExceededError');
        values.set(key, bytes);
      }),
    delete: (key) => call('delete', key, () => void values.delete(key)),
    keys: () => call('keys', undefined, () => [...values.keys()]),
    close: async () => undefined,
  };
  return storeOver(medium, 'test', 'A test made it.');
}

export interface World {
  readonly disk: Disk;
  readonly store: Store;
  readonly learner: FakeLearner;
  readonly profile: Profile;
}

/** A profile whose learning is asked for, unless the options say otherwise. */
export async function world(options: Partial<ProfileOptions> = {}, disk = makeDisk()): Promise<World> {
  const store = await storeOn(disk);
  const learner = meanLearner();
  const profile = await openWith(store, { learner: () => learner, ...options });
  return { disk, store, learner, profile };
}

export function openWith(store: Store, options: Partial<ProfileOptions> = {}, base = studentOf()): Promise<Profile> {
  return openProfile(store, base, { learner: meanLearner, labels: LABELS, learning: 'asked', ...options });
}

/** What it says of points all over the place: the same for the same version, and for no other. */
export async function answersOf(profile: Profile): Promise<string> {
  const answers: unknown[] = [];
  for (const [x, y] of [
    [0.3, 0.1],
    [-0.4, 0.6],
    [0.2, -0.9],
  ] as const) {
    answers.push((await profile.predict(point(x, y))).probs);
  }
  return JSON.stringify(answers);
}
