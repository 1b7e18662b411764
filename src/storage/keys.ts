import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';
import { indexedDbObstacle } from './indexeddb.ts';
import { checkName, isNamed } from './medium.ts';
import { places, type StorePlace } from './places.ts';
import type { Store } from './store.ts';

/** The keys of an encrypted store. Neither can be read out, not even by this page. */
export interface StoreKey {
  /** AES-GCM with 256 bits: values, and their names. */
  readonly encryption: CryptoKey;
  /** HMAC-SHA-256: the names of values in the store beneath, and the check of the key. */
  readonly naming: CryptoKey;
}

interface Tables extends DBSchema {
  keys: { key: string; value: StoreKey };
}

type Keys = IDBPObjectStore<Tables, ['keys'], 'keys', 'readwrite'>;

const AES = { name: 'AES-GCM', length: 256 } as const;
const HMAC = { name: 'HMAC', hash: 'SHA-256', length: 256 } as const;

/**
 * The platform's cryptography.
 * Throws    crypto-unavailable: the page is not secure
 */
export function webCrypto(): SubtleCrypto {
  const platform: { subtle?: SubtleCrypto } | undefined = globalThis.crypto;
  if (platform?.subtle !== undefined) return platform.subtle;
  throw new LimbeckError(
    'crypto-unavailable',
    'Encryption needs WebCrypto, which is not offered here (no crypto.subtle). ' +
      'Browsers offer it to pages that are served over https or from localhost; serve this page so.',
    { details: { isSecureContext: globalThis.isSecureContext } },
  );
}

/** The store that a key belongs to: stores of one name but two kinds have two keys. */
export type KeyOwner = Pick<Store, 'name' | 'kind'>;

/**
 * The key that this browser keeps for a store, created on first use. It is kept in IndexedDB and cannot be read out, so a copy
 * of the store's files alone is unreadable; code that runs in this origin can use it. Tabs that ask for the same store at once
 * get the same key.
 * Throws    crypto-unavailable · invalid-option: a name of another form · store-unavailable: no IndexedDB ·
 *           store-failed: IndexedDB refused
 */
export async function openDeviceKey(owner: KeyOwner): Promise<StoreKey> {
  const subtle = webCrypto();
  checkName(owner.name, 'store name');
  return withKeys(owner.name, async (database) => {
    for (;;) {
      const kept = await database.get('keys', slotOf(owner));
      if (kept) return kept;
      const made: StoreKey = {
        encryption: await subtle.generateKey(AES, false, ['encrypt', 'decrypt']),
        naming: await subtle.generateKey(HMAC, false, ['sign']),
      };
      // Another tab may have been faster; `add` leaves its key, which the next turn finds.
      const isMine = await change(database, (keys) => keys.add(made, slotOf(owner))).then(
        () => true,
        (error: unknown) => {
          if (isNamed(error, 'ConstraintError')) return false;
          throw error;
        },
      );
      if (isMine) return made;
    }
  });
}

/**
 * The kept keys that may open a store: its own, and one that earlier versions of this library created for all stores of that
 * name. Creates none. Throws    as `openDeviceKey`
 */
export async function deviceKeys(owner: KeyOwner): Promise<{ own?: StoreKey; shared?: StoreKey }> {
  return withKeys(owner.name, async (database) => ({
    own: await database.get('keys', slotOf(owner)),
    shared: await database.get('keys', owner.name),
  }));
}

/** Makes a shared key that opened a store its own; it stays shared, as another store may need it. */
export async function adoptKey(owner: KeyOwner, key: StoreKey): Promise<void> {
  await withKeys(owner.name, (database) => change(database, (keys) => keys.put(key, slotOf(owner))));
}

/**
 * Deletes the key that this browser keeps for a store, or, given a name, for all stores of that name. What was encrypted with
 * it is unreadable at once, in every copy. A store that is open works until it is disposed. A missing key is fine. If an earlier
 * version of this library created one key for two stores of one name, and the other store is here too, that one keeps it.
 * Throws    invalid-option: the name · store-unavailable: no IndexedDB · store-failed: IndexedDB refused
 */
export async function destroyKey(of: string | KeyOwner): Promise<void> {
  const name = typeof of === 'string' ? of : of?.name;
  checkName(name, 'store name');
  if (typeof of !== 'string') checkOneOf(of.kind, 'kind', KINDS);
  const slots = typeof of === 'string' ? KINDS.map((kind) => slotOf({ name, kind })) : [slotOf(of)];
  const heirs = typeof of === 'string' ? [] : await heirsOf(of);
  await withKeys(name, (database) =>
    change(database, async (keys) => {
      const shared = await keys.get(name);
      for (const heir of shared ? heirs : []) {
        if ((await keys.get(heir)) === undefined) await keys.put(shared as StoreKey, heir);
      }
      for (const slot of [...slots, name]) await keys.delete(slot);
    }),
  );
}

/** The keys of the other stores of that name that exist here. */
async function heirsOf({ name, kind }: KeyOwner): Promise<string[]> {
  const others = KINDS.filter((other) => other !== kind);
  const isHeir = ({ holds, mayHold }: StorePlace) => holds(name).catch((error: unknown) => mayHold(name, error));
  const isThere = await Promise.all(others.map((other) => isHeir(places[other])));
  return others.filter((_, i) => isThere[i]).map((other) => slotOf({ name, kind: other }));
}

/** A store on the disk has a passphrase: there is no browser that guards keys. */
const KINDS = Object.keys(places) as (keyof typeof places)[];

/** No store has such a name, so it is not taken for a key of all kinds. */
function slotOf({ name, kind }: KeyOwner): string {
  return `${kind}//${name}`;
}

/**
 * The keys of a passphrase: PBKDF2 makes guessing slow, HKDF makes two keys from its result.
 * Units     salt 16 bytes or more, not secret; iterations ≥ 1
 * Throws    crypto-unavailable
 * Source    PBKDF2: RFC 8018, §5.2 · HKDF: RFC 5869
 */
export async function keyFromPassphrase(
  passphrase: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<StoreKey> {
  const subtle = webCrypto();
  const secret = await stretched(passphrase, salt, iterations);
  const root = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const purpose = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(`limbeck store 1 ${info}`),
  });
  return {
    encryption: await subtle.deriveKey(purpose('encryption'), root, AES, false, ['encrypt', 'decrypt']),
    naming: await subtle.deriveKey(purpose('naming'), root, HMAC, false, ['sign']),
  };
}

/** PBKDF2-HMAC-SHA-256 of a text in Unicode's form C, which keyboards of different systems agree on; 32 bytes. */
export async function stretched(
  passphrase: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const subtle = webCrypto();
  const bytes = new TextEncoder().encode(passphrase.normalize('NFC'));
  const root = await subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, root, 256));
}

/** Not "limbeck/…", where the stores lie: a store may have any name. */
const DATABASE = 'limbeck-keys';

async function withKeys<Result>(
  name: string,
  work: (database: IDBPDatabase<Tables>) => Promise<Result>,
): Promise<Result> {
  const database = await openKeys(name);
  try {
    return await work(database);
  } catch (error) {
    throw new LimbeckError('store-failed', `The key of the store "${name}" cannot be kept: ${messageOf(error)}`, {
      details: { name },
      cause: error,
    });
  } finally {
    database.close();
  }
}

/** One transaction: on the disk when this resolves, as all that a key has encrypted is lost with it. */
async function change<T>(database: IDBPDatabase<Tables>, work: (keys: Keys) => Promise<T>): Promise<T> {
  const transaction = database.transaction('keys', 'readwrite', { durability: 'strict' });
  const [result] = await Promise.all([work(transaction.store), transaction.done]);
  return result;
}

async function openKeys(name: string): Promise<IDBPDatabase<Tables>> {
  const obstacle = indexedDbObstacle();
  if (obstacle !== undefined) throw noPlace(name, obstacle);
  try {
    return await openDB<Tables>(DATABASE, 1, { upgrade: (opened) => void opened.createObjectStore('keys') });
  } catch (error) {
    throw noPlace(name, `IndexedDB could not be opened (${messageOf(error)})`, error);
  }
}

function noPlace(name: string, reason: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'store-unavailable',
    `The key of the store "${name}" has no place on this device: ${reason}. ` +
      'Give { passphrase } in place of { key: "device" }: a passphrase is not kept.',
    { details: { name, reason }, cause },
  );
}
