import { LimbeckError } from '../core/errors.ts';
import { checkKnownOptions } from '../core/options.ts';
import { readValue } from './damage.ts';
import { adoptKey, deviceKeys, keyFromPassphrase, openDeviceKey, type StoreKey, webCrypto } from './keys.ts';
import { checkIn, ITERATIONS, type Lock, lockOf, recordOf, SALT_BYTES } from './lockRecord.ts';
import { framed } from './sealed.ts';
import type { Store } from './store.ts';

/** What opens an encrypted store: a key that this browser keeps, or a passphrase, which is kept nowhere. */
export type StoreAccess = { readonly key: 'device' } | { readonly passphrase: string };

/**
 * The key of the record in an encrypted store that says how its key is derived, and that tells a wrong key from damage.
 * It is not secret, and is written before the first value.
 */
export const LOCK = 'encryption.lock';
/** The same record once more: without one of them, whoever knows the passphrase cannot read the store either. */
export const LOCK_COPY = 'encryption.lock.copy';
const RECORDS = [LOCK, LOCK_COPY];

/** Whether it is the name of a record, and so of no value. */
export function isLock(name: string): boolean {
  return RECORDS.includes(name);
}

/** An encrypted store that was opened. */
export interface Unlocked {
  readonly key: StoreKey;
  /**
   * Looks whether the record is still there, and puts it back where the store was emptied meanwhile: its database was
   * deleted, or another tab has wiped it. No value counts that was put without it.
   * Throws    store-locked: emptied, and encrypted anew with another key · what the store throws
   */
  keepRecord(): Promise<void>;
}

/**
 * The key of an encrypted store; an empty store becomes one. A damaged or missing copy of the record is written anew from
 * the other. Web locks, where the browser has them, keep two tabs that do this to a new store at once from choosing two
 * salts.
 * Throws    crypto-unavailable · invalid-option: access, or values that are not encrypted · store-locked: another key ·
 *           store-tampered: both copies of the record are damaged or gone · what `openDeviceKey` throws
 */
export async function unlock(store: Store, access: StoreAccess): Promise<Unlocked> {
  webCrypto();
  checkAccess(access);
  const { key, record } = await alone(store, async () => {
    // In this order: whoever makes a value has written the record before.
    const others = (await store.keys()).filter((name) => !isLock(name));
    const records = await readRecords(store);
    if (records.every((one) => one === undefined)) return lockWith(store, access, others);
    return unlockWith(store, access, records);
  });
  const keepRecord = async () => {
    // Where one is right, the other is mended at the next opening.
    for (const name of RECORDS) if (isSame(record, await readValue(store, name))) return;
    await alone(store, async () => {
      const records = await readRecords(store);
      const locks = await Promise.all(records.map((one) => one && lockOf(one)));
      const isOther = locks.some((lock, i) => lock !== undefined && !isSame(record, records[i]));
      if (isOther)
        throw locked(store, 'It was emptied and encrypted anew with another key; nothing was put. Open it again.');
      await repair(store, records, record, false);
    });
  };
  return { key, keepRecord };
}

/** What is done with the records, in one tab at a time. */
async function alone<Result>(store: Store, work: () => Promise<Result>): Promise<Result> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) return work();
  const held: Promise<unknown> = locks.request(`limbeck-encryption/${store.kind}/${store.name}`, work);
  return held as Promise<Result>;
}

function readRecords(store: Store) {
  return Promise.all(RECORDS.map((name) => readValue(store, name)));
}

/** A key, and the record that it opens. */
interface Opened {
  readonly key: StoreKey;
  readonly record: Uint8Array;
}

async function lockWith(store: Store, access: StoreAccess, others: readonly string[]): Promise<Opened> {
  const plain = others.find((key) => !/^[0-9a-f]{64}$/.test(key));
  if (plain !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      `The store "${store.name}" holds values that are not encrypted, such as "${plain}". Encrypt an empty store, and ` +
        'put them there; wipe(store) empties this one.',
      { details: { store: store.name, key: plain } },
    );
  }
  if (others.length > 0)
    throw lockDamaged(store, `holds ${others.length} values, and both records of its key are gone`);
  const lock: Lock =
    'passphrase' in access
      ? {
          openedBy: 'passphrase',
          iterations: ITERATIONS,
          salt: crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
        }
      : { openedBy: 'device', iterations: 0, salt: new Uint8Array(SALT_BYTES) };
  const key = await ('passphrase' in access ? keyOf(access, lock) : openDeviceKey(store));
  const record = await recordOf(lock, await checkOf(key, store));
  for (const name of RECORDS) await putRecord(store, name, record);
  return { key, record };
}

async function unlockWith(
  store: Store,
  access: StoreAccess,
  records: readonly (Uint8Array<ArrayBuffer> | undefined)[],
): Promise<Opened> {
  const locks = await Promise.all(records.map((record) => record && lockOf(record)));
  if (locks.every((lock) => lock === undefined))
    throw lockDamaged(store, 'has no record of its key that is not damaged');
  const asked = 'passphrase' in access ? 'passphrase' : 'device';
  const openedBy = locks.find((lock) => lock !== undefined)?.openedBy ?? asked;
  if (locks.every((lock) => lock?.openedBy !== asked)) {
    throw locked(store, `${THE[asked]} was given, and ${THE[openedBy]} is needed.`);
  }
  // Both are sound and differ only where a wipe was cut short, or somebody put one there: the key tells which is right.
  for (const [i, lock] of locks.entries()) {
    const record = records[i];
    if (lock?.openedBy !== asked || record === undefined || isSame(record, records[i - 1])) continue;
    const key = await opening(store, access, lock, record);
    if (key === undefined) continue;
    await repair(store, records, record, true);
    return { key, record };
  }
  throw locked(
    store,
    asked === 'passphrase'
      ? 'The passphrase is another than the one that it was made with.'
      : 'The key of this device is another than the one that it was made with, which was destroyed or cleared away; ' +
          'what the store holds is lost. wipe(store) makes room for a new beginning.',
  );
}

/** The key, where it is the one that the record was made with. */
async function opening(store: Store, access: StoreAccess, lock: Lock, record: Uint8Array) {
  const fits = async (key: StoreKey) => isSame(await checkOf(key, store), checkIn(record));
  if ('passphrase' in access) {
    const key = await keyOf(access, lock);
    return (await fits(key)) ? key : undefined;
  }
  const { own, shared } = await deviceKeys(store);
  if (own && (await fits(own))) return own;
  if (shared === undefined || !(await fits(shared))) return undefined;
  await adoptKey(store, shared);
  return shared;
}

/** `mayStay`: whether one of them is right already. */
async function repair(
  store: Store,
  records: readonly (Uint8Array | undefined)[],
  right: Uint8Array,
  mayStay: boolean,
): Promise<void> {
  let isThere = mayStay;
  for (const [i, name] of RECORDS.entries()) {
    if (isSame(right, records[i])) continue;
    try {
      await putRecord(store, name, right);
      isThere = true;
    } catch (error) {
      // A full store can be read with one copy, and gets the other when it has room again.
      if (!(isThere && error instanceof LimbeckError && error.code === 'store-full')) throw error;
    }
  }
}

/** Throws    store-failed: the store does not give back what was put */
async function putRecord(store: Store, name: string, record: Uint8Array): Promise<void> {
  await store.put(name, record);
  if (isSame(record, await store.get(name))) return;
  throw new LimbeckError(
    'store-failed',
    `The store "${store.name}" did not keep "${name}", the record of its key, as it was put. Nothing was encrypted with ` +
      'it. Try again; where it happens again, the disk is not to be trusted.',
    { details: { store: store.name, key: name } },
  );
}

function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, i) => byte === other[i]);
}

const THE = { device: 'the key of this device', passphrase: 'a passphrase' } as const;

function keyOf(access: { readonly passphrase: string }, { salt, iterations }: Lock): Promise<StoreKey> {
  return keyFromPassphrase(access.passphrase, salt, iterations);
}

async function checkOf({ naming }: StoreKey, store: Store): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await webCrypto().sign('HMAC', naming, framed('check', store.name)));
}

function locked({ name }: Store, why: string): LimbeckError {
  return new LimbeckError('store-locked', `The store "${name}" is encrypted and was not opened. ${why}`, {
    details: { store: name },
  });
}

function lockDamaged({ name }: Store, what: string): LimbeckError {
  return new LimbeckError(
    'store-tampered',
    `The store "${name}" ${what}. Bring "${LOCK}" or "${LOCK_COPY}" back from elsewhere, or empty the store with wipe(store).`,
    { details: { store: name, beneath: LOCK } },
  );
}

function checkAccess(access: StoreAccess): void {
  checkKnownOptions(access, ['key', 'passphrase'], 'encryptedStore');
  const { key, passphrase } = access as { key?: unknown; passphrase?: unknown };
  const isDevice = key === 'device' && passphrase === undefined;
  const isPassphrase = key === undefined && typeof passphrase === 'string' && passphrase !== '';
  if (isDevice || isPassphrase) return;
  // What was given is not told: it may be the passphrase.
  throw new LimbeckError(
    'invalid-option',
    'encryptedStore takes either { key: "device" } or { passphrase } with a text that is not empty.',
    { details: { name: 'key, passphrase' } },
  );
}
