import { LimbeckError } from '../core/errors.ts';
import { isDamage, readValue } from './damage.ts';
import { type Medium, storeOver } from './medium.ts';
import { headBytesOf, type Label, nameBeneath, readLabel, seal, USUAL_HEAD_BYTES, unseal } from './sealed.ts';
import type { DamagedValue, Scrubbed, Store } from './store.ts';
import { isLock, LOCK, LOCK_COPY, type StoreAccess, type Unlocked, unlock } from './storeLock.ts';

/** Labels that `keys` reads at once; IndexedDB reads whole values for them. */
const LABELS_AT_ONCE = 8;

/**
 * A store over another one, in which nothing is readable: values are encrypted (AES-256-GCM) and their names are hidden. Each
 * value is bound to its key and to the store's name, so values that were changed, cut, renamed or exchanged are refused.
 * With { key: 'device' } the key never leaves this browser; with { passphrase } it is derived each time, which takes a second
 * on a slow device.
 *
 * Not hidden: the number of values, their lengths, and when they are written. Not noticed: a value that was deleted, or put
 * back as it was earlier. It does not protect against code that runs in the page.
 * `getRange` reads and decrypts the whole value. `size` reads only the head of a value, and `keys` only the heads that it has
 * not seen, so other damage shows in `get`. A changed value affects no other: `keys` leaves it out if its key cannot be read,
 * and `scrub` names and removes it. The record of how the key is derived is kept twice. If the store was emptied, the next
 * `put` restores it; if the store was encrypted again, that `put` throws `store-locked`.
 * Without web locks (browsers before 2022) one tab at a time may make a store with a passphrase.
 *
 * `store` stays the caller's: disposing this one does not dispose it. It must be empty or have been encrypted before.
 * Throws    invalid-option: access, or a store with other values · store-locked: another key · store-tampered: also
 *           from the store's methods · crypto-unavailable: nothing was written · store-unavailable: no place for a key
 *           of the device
 *
 * @example
 * const store = await encryptedStore(await openStore('personal'), { key: 'device' });
 */
export async function encryptedStore(store: Store, access: StoreAccess): Promise<Store> {
  const unlocked = await unlock(store, access);
  const by = 'passphrase' in access ? 'a passphrase' : 'the key of this device';
  return withOwnErrors(
    storeOver(encryptedMedium(store, unlocked), store.name, `${store.why} It is encrypted with ${by}.`),
  );
}

/**
 * Deletes everything in a store. For an encrypted store give the store beneath it, which also has the damaged values, and
 * dispose the encrypted one first. A wipe that was interrupted can be repeated. If another tab has the encrypted store open,
 * what it puts afterwards is kept, under the key that it has.
 * Throws    what the store throws
 */
export async function wipe(store: Store): Promise<void> {
  const keys = await store.keys();
  for (const key of keys.filter((one) => !isLock(one))) await store.delete(key);
  await store.delete(LOCK_COPY);
  await store.delete(LOCK);
  // In OPFS this removes what a crash left behind.
  const left = await store.keys();
  // Another tab put these before the record was deleted, and does not know that it is gone.
  if (left.length > 0 && !left.some(isLock)) await wipe(store);
}

function encryptedMedium(store: Store, { key: storeKey, keepRecord }: Unlocked): Medium {
  /** By their names beneath, which follow from the keys and so never change. */
  const known = new Map<string, string>();
  const takeTurn = makeTurns();
  const inTurn = <Result>(key: string, work: () => Promise<Result>) => takeTurn(key, () => work().catch(throwFault));

  async function placeOf(key: string) {
    const beneath = await nameBeneath(storeKey, store.name, key);
    known.set(beneath, key);
    return { store: store.name, beneath };
  }

  function read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return inTurn(key, async () => {
      const place = await placeOf(key);
      const sealed = await readValue(store, place.beneath);
      if (sealed === undefined) return undefined;
      const value = await unseal(storeKey, place, key, sealed);
      if (value === undefined) throw tampered(store, place.beneath, key);
      return value;
    });
  }

  async function labelAt(beneath: string, key?: string): Promise<Label | undefined> {
    let head = await store.getRange(beneath, 0, USUAL_HEAD_BYTES);
    const needed = head && headBytesOf(head);
    if (head && needed !== undefined && needed > head.length) head = await store.getRange(beneath, 0, needed);
    if (head === undefined) return undefined;
    const label = await readLabel(storeKey, { store: store.name, beneath }, head);
    if (label === undefined) throw tampered(store, beneath, key);
    return label;
  }

  const namesBeneath = async () => (await store.keys()).filter((name) => !isLock(name));

  /** Undefined if it is intact, or gone. */
  async function damageAt(beneath: string): Promise<DamagedValue | undefined> {
    const place = { store: store.name, beneath };
    const sealed = await readValue(store, beneath);
    if (sealed === undefined) return undefined;
    const label = await readLabel(storeKey, place, sealed);
    if (label && (await unseal(storeKey, place, label.key, sealed))) return undefined;
    return { key: label?.key ?? known.get(beneath), beneath };
  }

  async function scrub(damaged: 'kept' | 'removed'): Promise<Scrubbed> {
    const names = await namesBeneath();
    const found: DamagedValue[] = [];
    for (const beneath of names) {
      const one = await damageAt(beneath);
      if (one === undefined) continue;
      found.push(one);
      // Checked once more, so that a value that was put in the meantime stays.
      const remove = async () => void ((await damageAt(beneath)) && (await store.delete(beneath)));
      if (damaged === 'removed') await inTurn(one.key ?? '', remove);
    }
    return { values: names.length, damaged: found };
  }

  return {
    kind: store.kind,
    get: read,
    getRange: async (key, start, end) => (await read(key))?.slice(start, end),
    put: (key, bytes) =>
      inTurn(key, async () => {
        const place = await placeOf(key);
        const [sealed] = await Promise.all([seal(storeKey, place, key, bytes), keepRecord()]);
        await store.put(place.beneath, sealed);
        // Again: the store may have been emptied in between, and what is acknowledged must be readable.
        await keepRecord().catch(async (error: unknown) => {
          if (isLocked(error)) await store.delete(place.beneath).catch(() => undefined);
          throw error;
        });
      }),
    delete: (key) => inTurn(key, async () => store.delete((await placeOf(key)).beneath)),
    keys: async () => {
      const all = await namesBeneath();
      const keys: (string | undefined)[] = [];
      const keyAt = async (name: string) => known.get(name) ?? (await labelAt(name).catch(undefinedIfDamaged))?.key;
      for (let start = 0; start < all.length; start += LABELS_AT_ONCE) {
        keys.push(...(await Promise.all(all.slice(start, start + LABELS_AT_ONCE).map(keyAt))));
      }
      // A value deleted in the meantime has no label, and that of a damaged one cannot be read.
      return keys.filter((key) => key !== undefined);
    },
    size: (key) => inTurn(key, async () => (await labelAt((await placeOf(key)).beneath, key))?.length),
    scrub,
    close: async () => known.clear(),
  };
}

/** Keeps the order of calls for each key: a long value takes longer to encrypt than a short one after it. */
function makeTurns() {
  const last = new Map<string, Promise<unknown>>();
  return <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    const leave = () => void (last.get(key) === mine && last.delete(key));
    mine.then(leave, leave);
    return mine;
  };
}

/** The platform's error at the store beneath, which is reported again with the key that the caller knows. */
function throwFault(error: unknown): never {
  const isFault = error instanceof LimbeckError && (error.code === 'store-full' || error.code === 'store-failed');
  throw isFault ? (error.cause ?? error) : error;
}

function isLocked(error: unknown): boolean {
  return error instanceof LimbeckError && error.code === 'store-locked';
}

function undefinedIfDamaged(error: unknown): undefined {
  if (!isDamage(error)) throw error;
}

function tampered({ name }: Store, beneath: string, key?: string): LimbeckError {
  const what = key === undefined ? `A value of the store "${name}"` : `"${key}" in the store "${name}"`;
  return new LimbeckError(
    'store-tampered',
    `${what} is not what was put there: it was changed, cut, renamed or exchanged. Delete it, and put it anew; ` +
      `the store beneath calls it "${beneath}", and scrub({ damaged: 'removed' }) removes all such values.`,
    { details: { store: name, key, beneath } },
  );
}

/**
 * `storeOver` treats every error of a medium as a fault of the platform. Errors of the store beneath, and of tampered values,
 * have their code already.
 */
function withOwnErrors(store: Store): Store {
  const own = (error: unknown): never => {
    throw error instanceof LimbeckError && error.cause instanceof LimbeckError ? error.cause : error;
  };
  return {
    ...store,
    get: (key) => store.get(key).catch(own),
    getRange: (key, start, end) => store.getRange(key, start, end).catch(own),
    put: (key, bytes) => store.put(key, bytes).catch(own),
    delete: (key) => store.delete(key).catch(own),
    keys: (prefix) => store.keys(prefix).catch(own),
    size: (key) => store.size(key).catch(own),
    scrub: (options) => store.scrub(options).catch(own),
  };
}
