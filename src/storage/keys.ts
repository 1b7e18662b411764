import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { indexedDbObstacle } from './indexeddb.ts';
import { checkName } from './medium.ts';

/** What an encrypted store is opened with. Neither key can be read out, not by this page either. */
export interface StoreKey {
  /** AES-GCM with 256 bits: values, and their names. */
  readonly encryption: CryptoKey;
  /** HMAC-SHA-256: what values are called in the store beneath, and the check that tells one key from another. */
  readonly naming: CryptoKey;
}

interface Tables extends DBSchema {
  keys: { key: string; value: StoreKey };
}

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

/**
 * The key that this browser keeps under a name, made on first use. It lies in IndexedDB and cannot be read out, so
 * whoever copies a store's files alone reads nothing; code that runs in this origin can use it. Tabs that ask for the
 * same name at once get the same key.
 * Throws    crypto-unavailable · invalid-option: a name of another form · store-unavailable: no IndexedDB ·
 *           store-failed: IndexedDB refused
 */
export async function openDeviceKey(name: string): Promise<StoreKey> {
  const subtle = webCrypto();
  checkName(name, 'store name');
  return withKeys(name, async (database) => {
    for (;;) {
      const kept = await database.get('keys', name);
      if (kept) return kept;
      const made: StoreKey = {
        encryption: await subtle.generateKey(AES, false, ['encrypt', 'decrypt']),
        naming: await subtle.generateKey(HMAC, false, ['sign']),
      };
      // Another tab may have been faster; `add` leaves its key, which the next turn finds.
      const isMine = await database.add('keys', made, name).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Error && error.name === 'ConstraintError') return false;
          throw error;
        },
      );
      if (isMine) return made;
    }
  });
}

/**
 * Forgets the key that this browser keeps under a name: at once, what was encrypted with it cannot be read any more,
 * however many copies of it there are. A store that is open goes on until it is disposed. A missing key is fine.
 * Throws    store-unavailable: no IndexedDB · store-failed: IndexedDB refused
 */
export async function destroyKey(name: string): Promise<void> {
  checkName(name, 'store name');
  await withKeys(name, (database) => database.delete('keys', name));
}

/**
 * The key that a passphrase gives: PBKDF2 makes guessing slow, HKDF makes two keys of its result.
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
