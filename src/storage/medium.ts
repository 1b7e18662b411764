import { LimbeckError, messageOf } from '../core/errors.ts';
import { bytes as inBytes } from '../core/figures.ts';
import { checkCount } from '../core/options.ts';
import { oneOf, schema } from '../core/schema.ts';
import { isTagged } from '../core/tags.ts';
import { makeUnderway } from '../core/underway.ts';
import { storageState } from './storageState.ts';
import type { DamagedValue, Scrubbed, Store, StoreKind } from './store.ts';

/**
 * One kind of storage. `storeOver` adds what all kinds share, so a medium trusts its arguments, throws what the platform throws,
 * and may keep the bytes it is given; the bytes it returns are a copy.
 */
export interface Medium {
  readonly kind: StoreKind;
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** As `Store.getRange`, with 0 ≤ start ≤ end. */
  getRange(key: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** All or nothing, even if two puts overlap. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(key: string): Promise<void>;
  /** Every key, in any order. */
  keys(): Promise<string[]>;
  size(key: string): Promise<number | undefined>;
  /** As `Store.scrub`, if it can find more damage than `get` does. */
  scrub?(damaged: 'kept' | 'removed'): Promise<Scrubbed>;
  close(): Promise<void>;
}

const SCRUB = schema('scrub', {
  /** Whether damaged values are kept or removed. Default 'kept'. */
  damaged: oneOf('kept', 'removed')('kept'),
});

/** Makes a store from a medium: checks keys, copies bytes, gives errors a code, and waits for pending work on disposal. */
export function storeOver(medium: Medium, name: string, why: string): Store {
  const underway = makeUnderway(
    () =>
      new LimbeckError('disposed', `The store "${name}" was disposed; open it again with openStore("${name}").`, {
        details: { name },
      }),
  );

  async function perform<Result>(task: Task, work: () => Promise<Result>): Promise<Result> {
    if (task.key !== undefined) checkName(task.key, 'key');
    return underway.perform(async () => {
      try {
        return await work();
      } catch (error) {
        throw await storeError(error, name, medium.kind, task);
      }
    });
  }

  async function scrub(damaged: 'kept' | 'removed'): Promise<Scrubbed> {
    const found: DamagedValue[] = [];
    const keys = await medium.keys();
    for (const key of keys) {
      try {
        await medium.get(key);
      } catch (error) {
        if (!isLost(error, medium.kind)) throw error;
        found.push({ key, beneath: undefined });
        if (damaged === 'removed') await medium.delete(key);
      }
    }
    return { values: keys.length, damaged: found };
  }

  return {
    name,
    kind: medium.kind,
    why,
    get: (key) => perform({ verb: 'get', key }, () => medium.get(key)),
    getRange: async (key, start, end) => {
      checkCount(start, 'start', 0);
      checkCount(end, 'end', start);
      return perform({ verb: 'get', key }, () => medium.getRange(key, start, end));
    },
    put: async (key, bytes) => {
      checkBytes(bytes);
      // The copy is taken before the first await. It also frees a view of shared or WebAssembly memory from its buffer.
      return perform({ verb: 'put', key, bytes: bytes.byteLength }, () => medium.put(key, new Uint8Array(bytes)));
    },
    delete: (key) => perform({ verb: 'delete', key }, () => medium.delete(key)),
    keys: async (prefix = '') => {
      const keys = await perform({ verb: 'list' }, () => medium.keys());
      return keys.filter((key) => key.startsWith(prefix)).sort();
    },
    size: (key) => perform({ verb: 'measure', key }, () => medium.size(key)),
    scrub: async (options = {}) => {
      const { damaged } = SCRUB.read(options);
      return perform({ verb: 'scrub' }, () => medium.scrub?.(damaged) ?? scrub(damaged));
    },
    [Symbol.asyncDispose]: () => underway.close(() => medium.close()),
  };
}

/** Throws    invalid-option: not names separated by slashes, or one that is empty, "." or ".." */
export function checkName(text: string, role: 'key' | 'store name'): void {
  const isText = typeof text === 'string' && !/\p{Surrogate}/u.test(text);
  if (isText && text.split('/').every((name) => name !== '' && name !== '.' && name !== '..')) return;
  throw new LimbeckError(
    'invalid-option',
    `The ${role} was ${JSON.stringify(text)}; it must be names separated by single slashes, such as "a/b", ` +
      'of which none is empty, "." or "..", and without halves of surrogate pairs.',
    { details: { name: role, value: String(text) } },
  );
}

function checkBytes(bytes: Uint8Array): void {
  if (isTagged(bytes, 'Uint8Array')) return;
  throw new LimbeckError(
    'invalid-option',
    `"bytes" was ${Object.prototype.toString.call(bytes)}; it must be a Uint8Array. ` +
      'For another view write new Uint8Array(view.buffer, view.byteOffset, view.byteLength).',
    { details: { name: 'bytes' } },
  );
}

interface Task {
  readonly verb: 'get' | 'put' | 'delete' | 'list' | 'measure' | 'scrub';
  readonly key?: string;
  readonly bytes?: number;
}

/** IndexedDB's error for a value that has a key but no bytes: it is lost. */
function isLost(error: unknown, kind: StoreKind): boolean {
  return kind === 'indexeddb' && isNamed(error, 'DataError', 'NotReadableError');
}

async function storeError(
  error: unknown,
  name: string,
  kind: StoreKind,
  { verb, key, bytes }: Task,
): Promise<LimbeckError> {
  if (verb === 'get' && isLost(error, kind)) {
    return new LimbeckError(
      'store-tampered',
      `"${key}" in the store "${name}" is lost to the browser (${messageOf(error)}). Delete it, and put it anew; ` +
        "scrub({ damaged: 'removed' }) deletes all such values.",
      { details: { store: name, key }, cause: error },
    );
  }
  if (!isQuotaError(error)) {
    const what = { list: 'list its keys', scrub: 'read its values' }[verb as string] ?? `${verb} "${key}"`;
    return new LimbeckError('store-failed', `The store "${name}" could not ${what}: ${messageOf(error)}`, {
      details: { name, verb, key },
      cause: error,
    });
  }
  const { usedBytes, quotaBytes } = await storageState();
  const room =
    quotaBytes === undefined ? '' : ` (the browser reports ${inBytes(usedBytes)} of ${inBytes(quotaBytes)} used)`;
  return new LimbeckError(
    'store-full',
    `The store "${name}" has no room for the ${inBytes(bytes)} of "${key ?? '?'}"${room}. ` +
      'Delete what is no longer needed, then try again.',
    { details: { key, bytes, usedBytes, quotaBytes }, cause: error },
  );
}

/** Firefox has an error of its own for a full disk. */
function isQuotaError(error: unknown): boolean {
  return isNamed(error, 'QuotaExceededError', 'NS_ERROR_FILE_NO_DEVICE_SPACE');
}

/** Whether an error of the platform has one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(String((Object(error) as { name?: unknown }).name));
}
