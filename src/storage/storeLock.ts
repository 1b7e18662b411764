import { LimbeckError } from '../core/errors.ts';
import { sha256Bytes } from '../core/hash.ts';
import { checkKnownOptions } from '../core/options.ts';
import { keyFromPassphrase, openDeviceKey, type StoreKey, webCrypto } from './keys.ts';
import { framed } from './sealed.ts';
import type { Store } from './store.ts';

/** What opens an encrypted store: a key that this browser keeps, or a passphrase, which is kept nowhere. */
export type StoreAccess = { readonly key: 'device' } | { readonly passphrase: string };

/**
 * The key of the record in an encrypted store that says how its key is derived, and that tells a wrong key from damage.
 * It is not secret, and is written before the first value.
 */
export const LOCK = 'encryption.lock';

/** OWASP's figure for PBKDF2-HMAC-SHA-256 (Password Storage Cheat Sheet, 2023). */
const ITERATIONS = 600_000;
/** More is not what this library wrote, and would hold a page for minutes. */
const MOST_ITERATIONS = 10_000_000;
const SALT_BYTES = 16;

// The record, version 1: "LEL", 1 (4) · opened by (1) · iterations (4, little-endian) · salt (16) · check (32) · SHA-256
// of all that (32). The last finds damage; only the check knows the key.
const MAGIC = Uint8Array.of(0x4c, 0x45, 0x4c, 1);
const OPENED_BY = ['device', 'passphrase'] as const;
const SALT_AT = MAGIC.length + 5;
const CHECK_AT = SALT_AT + SALT_BYTES;
const HASH_AT = CHECK_AT + 32;

interface Lock {
  readonly openedBy: (typeof OPENED_BY)[number];
  /** 0, as is the salt, where a key of the device opens. */
  readonly iterations: number;
  readonly salt: Uint8Array<ArrayBuffer>;
}

/**
 * The key of an encrypted store; an empty store becomes one. Web locks, where the browser has them, keep two tabs that
 * do this to a new store at once from choosing two salts.
 * Throws    crypto-unavailable · invalid-option: access, or values that are not encrypted · store-locked: another key ·
 *           store-tampered: the record of the lock is damaged or gone · what `openDeviceKey` throws
 */
export async function unlock(store: Store, access: StoreAccess): Promise<StoreKey> {
  webCrypto();
  checkAccess(access);
  const work = async () => {
    // In this order: whoever makes a value has written the record before.
    const others = (await store.keys()).filter((key) => key !== LOCK);
    const record = await store.get(LOCK);
    if (record === undefined) return lockWith(store, access, others);
    return unlockWith(store, access, record);
  };
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) return work();
  const held: Promise<unknown> = locks.request(`limbeck-encryption/${store.kind}/${store.name}`, work);
  return held as Promise<StoreKey>;
}

async function lockWith(store: Store, access: StoreAccess, others: readonly string[]): Promise<StoreKey> {
  const plain = others.find((key) => !/^[0-9a-f]{64}$/.test(key));
  if (plain !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      `The store "${store.name}" holds values that are not encrypted, such as "${plain}". Encrypt an empty store, and ` +
        'put them there; wipe(store) empties this one.',
      { details: { store: store.name, key: plain } },
    );
  }
  if (others.length > 0) throw lockDamaged(store, `holds ${others.length} values, and the record of its key is gone`);
  const lock: Lock =
    'passphrase' in access
      ? {
          openedBy: 'passphrase',
          iterations: ITERATIONS,
          salt: crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
        }
      : { openedBy: 'device', iterations: 0, salt: new Uint8Array(SALT_BYTES) };
  const key = await keyOf(store, access, lock);
  await store.put(LOCK, await recordOf(lock, await checkOf(key, store)));
  return key;
}

async function unlockWith(store: Store, access: StoreAccess, record: Uint8Array<ArrayBuffer>): Promise<StoreKey> {
  const lock = await lockOf(record);
  if (lock === undefined) throw lockDamaged(store, 'has a damaged record of its key');
  const asked = 'passphrase' in access ? 'passphrase' : 'device';
  if (asked !== lock.openedBy) throw locked(store, `${THE[asked]} was given, and ${THE[lock.openedBy]} is needed.`);
  const key = await keyOf(store, access, lock);
  const check = await checkOf(key, store);
  if (check.every((byte, i) => byte === record[CHECK_AT + i])) return key;
  throw locked(
    store,
    asked === 'passphrase'
      ? 'The passphrase is another than the one that it was made with.'
      : 'The key of this device is another than the one that it was made with, which was destroyed or cleared away; ' +
          'what the store holds is lost. wipe(store) makes room for a new beginning.',
  );
}

const THE = { device: 'the key of this device', passphrase: 'a passphrase' } as const;

function keyOf(store: Store, access: StoreAccess, { salt, iterations }: Lock): Promise<StoreKey> {
  if ('passphrase' in access) return keyFromPassphrase(access.passphrase, salt, iterations);
  return openDeviceKey(store.name);
}

async function checkOf({ naming }: StoreKey, store: Store): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await webCrypto().sign('HMAC', naming, framed('check', store.name)));
}

async function recordOf(lock: Lock, check: Uint8Array): Promise<Uint8Array> {
  const record = new Uint8Array(HASH_AT + 32);
  record.set(MAGIC);
  record[MAGIC.length] = OPENED_BY.indexOf(lock.openedBy);
  new DataView(record.buffer).setUint32(MAGIC.length + 1, lock.iterations, true);
  record.set(lock.salt, SALT_AT);
  record.set(check, CHECK_AT);
  record.set(await sha256Bytes(record.subarray(0, HASH_AT)), HASH_AT);
  return record;
}

async function lockOf(record: Uint8Array<ArrayBuffer>): Promise<Lock | undefined> {
  if (record.length !== HASH_AT + 32 || MAGIC.some((byte, i) => byte !== record[i])) return undefined;
  const hash = await sha256Bytes(record.subarray(0, HASH_AT));
  if (hash.some((byte, i) => byte !== record[HASH_AT + i])) return undefined;
  const openedBy = OPENED_BY[record[MAGIC.length] as number];
  const iterations = new DataView(record.buffer).getUint32(MAGIC.length + 1, true);
  if (openedBy === undefined) return undefined;
  // Fewer would make guessing cheap, for the one who wrote that number there.
  if (openedBy === 'passphrase' && (iterations < ITERATIONS || iterations > MOST_ITERATIONS)) return undefined;
  return { openedBy, iterations, salt: record.slice(SALT_AT, CHECK_AT) };
}

function locked({ name }: Store, why: string): LimbeckError {
  return new LimbeckError('store-locked', `The store "${name}" is encrypted and was not opened. ${why}`, {
    details: { store: name },
  });
}

function lockDamaged({ name }: Store, what: string): LimbeckError {
  return new LimbeckError(
    'store-tampered',
    `The store "${name}" ${what}. Bring "${LOCK}" back from a copy, or empty the store with wipe(store).`,
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
