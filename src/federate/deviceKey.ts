import { LimbeckError } from '../core/errors.ts';
import { toHex } from '../core/hash.ts';
import { invalidOption } from '../core/options.ts';

/** What a device signs with. The seed is all of it: keep it in a store of the device, best an encrypted one. */
export interface DeviceKey {
  /** 32 bytes that nobody else may know. */
  readonly seed: Uint8Array<ArrayBuffer>;
  /** 32 bytes by which others check its signatures, as 64 hexadecimal digits. */
  readonly publicKey: string;
  /** Ed25519, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

const SEED_BYTES = 32;
/** What stands before a seed in the form that WebCrypto reads: RFC 8410, §7. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** Both ways to compute Ed25519: the platform's, where it has it, and otherwise a library's. */
interface Ed25519 {
  publicKey(seed: Uint8Array<ArrayBuffer>): Promise<string>;
  sign(seed: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  verify(
    publicKey: Uint8Array<ArrayBuffer>,
    bytes: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
}

/**
 * A device's key: a new one from the platform's secure source, or that of a seed.
 * Throws    invalid-option: a seed that is not 32 bytes
 * Source    RFC 8032
 */
export async function deviceKey(seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES))): Promise<DeviceKey> {
  if (seed.length !== SEED_BYTES) throw invalidOption('seed', `${seed.length} bytes long`, `${SEED_BYTES} bytes long`);
  const own = new Uint8Array(seed);
  const ed25519 = await findEd25519();
  return {
    seed: own,
    publicKey: await ed25519.publicKey(own),
    sign: (bytes) => ed25519.sign(own, new Uint8Array(bytes)),
  };
}

/** Whether the holder of a key has signed these bytes; false for a key or signature of another form. */
export async function isSignedBy(publicKey: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (!isPublicKey(publicKey) || signature.length !== 64) return false;
  const key = Uint8Array.from(publicKey.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return (await findEd25519()).verify(key, new Uint8Array(bytes), new Uint8Array(signature));
}

/** Whether a value is the text of a public key. */
export function isPublicKey(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

let found: Promise<Ed25519> | undefined;

function findEd25519(): Promise<Ed25519> {
  found ??= platformEd25519().then(
    (platform) => platform ?? libraryEd25519(),
    () => libraryEd25519(),
  );
  return found;
}

/** Undefined where the platform has no Ed25519; rejects where it has another one. */
export async function platformEd25519(): Promise<Ed25519 | undefined> {
  const platform: { subtle?: SubtleCrypto } | undefined = globalThis.crypto;
  const { subtle } = platform ?? {};
  if (subtle === undefined) return undefined;
  const importSeed = (seed: Uint8Array, isOpen: boolean) =>
    subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...seed), { name: 'Ed25519' }, isOpen, ['sign']);
  const offered: Ed25519 = {
    async publicKey(seed) {
      const { x } = await subtle.exportKey('jwk', await importSeed(seed, true));
      const letters = atob((x ?? '').replaceAll('-', '+').replaceAll('_', '/'));
      return toHex(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
    },
    async sign(seed, bytes) {
      return new Uint8Array(await subtle.sign('Ed25519', await importSeed(seed, false), bytes));
    },
    async verify(key, bytes, signature) {
      try {
        const imported = await subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
        return await subtle.verify('Ed25519', imported, signature, bytes);
      } catch {
        return false;
      }
    },
  };
  // The first test of RFC 8032, §7.1.
  const seed = Uint8Array.from(
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'.match(/../g) ?? [],
    (pair) => Number.parseInt(pair, 16),
  );
  const expected = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  if ((await offered.publicKey(seed)) !== expected) throw new LimbeckError('internal', 'This is another Ed25519.');
  return offered;
}

export async function libraryEd25519(): Promise<Ed25519> {
  const { ed25519 } = await import('@noble/curves/ed25519.js');
  return {
    publicKey: async (seed) => toHex(ed25519.getPublicKey(seed)),
    sign: async (seed, bytes) => new Uint8Array(ed25519.sign(bytes, seed)),
    async verify(key, bytes, signature) {
      try {
        // As the platforms do it.
        return ed25519.verify(signature, bytes, key, { zip215: false });
      } catch {
        return false;
      }
    },
  };
}
