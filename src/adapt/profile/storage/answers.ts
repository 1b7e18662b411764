import { LimbeckError } from '../../../core/errors.ts';
import type { Store } from '../../../storage/store.ts';
import { type CachedTeacher, type CachedTeacherOptions, cachedTeacher } from '../../../teacher/cachedTeacher.ts';
import type { Teacher } from '../../../teacher/teacher.ts';
import type { Places } from './places.ts';
import { ifDamage, packRecord, readRecord, readValue } from './record.ts';

const SECRET_BYTES = 32;

/** Teachers' answers for a profile's examples. They are deleted with the profile, or with any of its examples. */
export interface Answers {
  cached(teacher: Teacher, options?: Omit<CachedTeacherOptions, 'secret'>): CachedTeacher;
  /**
   * Deletes all of them, since none says to which example it belongs. The secret goes first: from then on no tab keeps an
   * earlier answer. Keys are listed after that, because another tab may have kept its first answer just before.
   */
  forget(): Promise<void>;
  /** How many bytes those of `keys` take in the store. */
  bytes(keys: readonly string[]): Promise<number>;
  /** Another tab has done so. */
  onForgotten(): void;
}

/** What one teacher holds in memory. */
interface Memory {
  readonly underway: Set<Promise<unknown>>;
  /** The secret of its keys. */
  secret: Promise<Secret> | undefined;
  /** How many drops are pending; nothing is kept meanwhile. */
  stale: number;
}

interface Secret {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isStored: boolean;
}

export function openAnswers(store: Store, places: Places, checkThere: () => Promise<void>): Answers {
  const open = new Map<CachedTeacher, Memory>();

  async function stored(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await readValue(store, places.secret);
    if (bytes === undefined) return undefined;
    const record = await readRecord(bytes, 'secret', 'The secret of the answers').catch(ifDamage);
    return record?.parts[0];
  }

  /** If it cannot be stored, answers are not kept, and the teacher is asked each time. */
  async function load(): Promise<Secret> {
    const fresh = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    try {
      await checkThere();
      const there = await stored();
      if (there !== undefined) return { bytes: there, isStored: true };
      // Answers without a secret cannot be found again.
      await deleteAll();
      await store.put(places.secret, await packRecord('secret', {}, [fresh]));
      return { bytes: fresh, isStored: true };
    } catch {
      return { bytes: fresh, isStored: false };
    }
  }

  function secretOf(memory: Memory): Promise<Secret> {
    memory.secret ??= load();
    return memory.secret;
  }

  async function deleteAll(): Promise<void> {
    for (const key of await store.keys(places.answers)) await store.delete(key);
  }

  /** Throws    disposed: answers in memory are older than a `forget`, or cannot be stored */
  async function checkSecret(memory: Memory): Promise<void> {
    const { bytes, isStored } = await secretOf(memory);
    const there = await stored();
    if (memory.stale === 0 && isStored && there?.every((byte, i) => byte === bytes[i])) return;
    if (memory.stale === 0 && isStored) void dropAll();
    throw new LimbeckError(
      'disposed',
      'An example was forgotten, the profile was destroyed, or its store has no room, so earlier answers are not kept.',
    );
  }

  function dropAll(): Promise<unknown> {
    return Promise.all([...open].map(([teacher, memory]) => drop(teacher, memory)));
  }

  return {
    cached(teacher, options = {}) {
      const memory: Memory = { underway: new Set(), secret: undefined, stale: 0 };
      const inner = cachedTeacher(
        teacher,
        within(store, places.answers, () => checkSecret(memory)),
        { ...options, secret: async () => (await secretOf(memory)).bytes },
      );
      open.set(inner, memory);
      return {
        ...inner,
        get description() {
          return inner.description;
        },
        ask(...given) {
          const asking = inner.ask(...given);
          const over: Promise<unknown> = Promise.allSettled([asking]).then(() => memory.underway.delete(over));
          memory.underway.add(over);
          return asking;
        },
        async [Symbol.asyncDispose]() {
          await inner[Symbol.asyncDispose]();
          open.delete(inner);
        },
      };
    },
    async forget() {
      await store.delete(places.secret);
      await deleteAll();
      await dropAll();
    },
    async bytes(keys) {
      const sizes = await Promise.all(keys.map((key) => store.size(key)));
      return sizes.reduce<number>((sum, size = 0) => sum + size, 0);
    },
    onForgotten: () => void dropAll(),
  };
}

/**
 * Drops what a teacher holds, then what is still on its way; resolves after the first. A teacher that is being disposed of
 * cannot be cleared: it stays stale, and keeps nothing more.
 */
function drop(teacher: CachedTeacher, memory: Memory): Promise<unknown> {
  memory.stale++;
  const underway = [...memory.underway];
  const first = teacher.clear();
  const all = underway.length === 0 ? first : first.then(() => Promise.all(underway)).then(() => teacher.clear());
  all.then(
    () => {
      memory.stale--;
      memory.secret = undefined;
    },
    () => undefined,
  );
  return first.catch(() => undefined);
}

/** A folder of a store as a store; what is put there stays only where `check` passes before and after. */
function within(store: Store, folder: string, check: () => Promise<void>): Store {
  return {
    ...store,
    get: (key) => store.get(folder + key),
    getRange: (key, start, end) => store.getRange(folder + key, start, end),
    delete: (key) => store.delete(folder + key),
    size: (key) => store.size(folder + key),
    keys: async (prefix = '') => (await store.keys(folder + prefix)).map((key) => key.slice(folder.length)),
    async put(key, bytes) {
      const copy = bytes.slice();
      await check();
      await store.put(folder + key, copy);
      try {
        await check();
      } catch (error) {
        await store.delete(folder + key).catch(() => undefined);
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
