import { LimbeckError } from '../../core/errors.ts';
import { type HashAlgorithm, hashBytes } from '../../core/hash.ts';
import { checkKnownOptions } from '../../core/options.ts';
import { plainPath } from './externalData.ts';

/**
 * What a model's files must hash to, as subresource integrity: 'sha384-…' in base64, several separated by spaces. Of
 * these the strongest algorithm counts, and any of its hashes may match. A text alone is for the model; a record is for
 * the model and the files beside it, by their paths.
 */
export type ModelIntegrity =
  | string
  | { readonly model?: string; readonly externalData?: Readonly<Record<string, string>> };

/** An integrity text, read: the hashes of its strongest algorithm. */
export interface Integrity {
  readonly algorithm: HashAlgorithm;
  readonly hashes: readonly Uint8Array[];
}

/** From the weakest to the strongest. */
const ALGORITHMS: Readonly<Record<string, { readonly algorithm: HashAlgorithm; readonly bytes: number }>> = {
  sha256: { algorithm: 'SHA-256', bytes: 32 },
  sha384: { algorithm: 'SHA-384', bytes: 48 },
  sha512: { algorithm: 'SHA-512', bytes: 64 },
};
const STRENGTH = Object.keys(ALGORITHMS);

/**
 * Reads a subresource-integrity text. Options after a question mark are ignored, as the specification says.
 * Throws    invalid-option: no hash, an unknown algorithm, no base64, or a hash of another length
 * Source    W3C, Subresource Integrity, §3.3 and §3.5
 */
export function parseIntegrity(text: string, name = 'integrity'): Integrity {
  const tokens = typeof text === 'string' ? text.split(/\s+/).filter((token) => token !== '') : [];
  if (tokens.length === 0) throw malformed(name, text);
  const found = tokens.map((token) => {
    const [, prefix = '', encoded = ''] = /^(\w+)-([A-Za-z0-9+/_-]+={0,2})(\?.*)?$/.exec(token) ?? [];
    const known = Object.hasOwn(ALGORITHMS, prefix) ? ALGORITHMS[prefix] : undefined;
    const hash = fromBase64(encoded);
    if (known === undefined || hash?.length !== known.bytes) throw malformed(name, token);
    return { prefix, hash };
  });
  const strongest = STRENGTH.findLast((prefix) => found.some((one) => one.prefix === prefix)) as string;
  return {
    algorithm: (ALGORITHMS[strongest] as { algorithm: HashAlgorithm }).algorithm,
    hashes: found.filter(({ prefix }) => prefix === strongest).map(({ hash }) => hash),
  };
}

/** Throws    invalid-option: as above, or a record with other fields */
export function parseModelIntegrity(given: ModelIntegrity | undefined): {
  readonly model: Integrity | undefined;
  readonly files: ReadonlyMap<string, Integrity>;
} {
  const isRecord = typeof given === 'object' && given !== null;
  const { model, externalData = {} } = isRecord ? given : { model: given };
  if (isRecord) checkKnownOptions(given, ['model', 'externalData'], 'integrity');
  const files = Object.entries(externalData).map(
    ([path, text]) => [plainPath(path), parseIntegrity(text, `integrity.externalData["${path}"]`)] as const,
  );
  return { model: model === undefined ? undefined : parseIntegrity(model), files: new Map(files) };
}

/** Whether one of the hashes is this one. */
export function isAmong(hash: Uint8Array, { hashes }: Integrity): boolean {
  return hashes.some((one) => one.length === hash.length && one.every((byte, i) => byte === hash[i]));
}

/**
 * Hashes the bytes and compares; gives the hash.
 * Throws    integrity-mismatch: none of the hashes is that of the bytes
 */
export async function checkIntegrity(bytes: Uint8Array, integrity: Integrity, name: string): Promise<Uint8Array> {
  const hash = await hashBytes(integrity.algorithm, bytes);
  if (isAmong(hash, integrity)) return hash;
  const actual = formatHash(integrity.algorithm, hash);
  const expected = integrity.hashes.map((one) => formatHash(integrity.algorithm, one));
  throw new LimbeckError(
    'integrity-mismatch',
    `"${name}" (${bytes.byteLength} bytes) has the hash ${actual}; "integrity" asks for ${expected.join(' or ')}. ` +
      'The file was replaced or damaged: compare it with its source, and change "integrity" only if you trust the new one.',
    { details: { name, bytes: bytes.byteLength, actual, expected } },
  );
}

function formatHash(algorithm: HashAlgorithm, hash: Uint8Array): string {
  return `${algorithm.toLowerCase().replace('-', '')}-${btoa(String.fromCharCode(...hash))}`;
}

/** Both alphabets of base64; undefined where it is none. */
function fromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function malformed(name: string, given: unknown): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `"${name}" was ${JSON.stringify(given)}; it must be hashes such as "sha384-…": sha256, sha384 or sha512, a ` +
      'hyphen, and the hash in base64. Several are separated by spaces.',
    { details: { name, value: String(given) } },
  );
}
