import { LimbeckError } from '../core/errors.ts';
import { type HashAlgorithm, hashBytes } from '../core/hash.ts';
import { givenNames, innerPath } from '../core/innerPath.ts';
import { isRequest } from './address.ts';

/**
 * Hashes of files, as subresource integrity: 'sha384-…' in base64, several separated by spaces. Only the strongest algorithm
 * counts, and any of its hashes may match. A text is for a model of one file. A record has a text for every file: for the
 * requested file under its own name ("model.json"), for the files that it names under their paths, or under the last part of
 * the path if no other path ends in it. Either all files are checked or none is loaded.
 */
export type ModelIntegrity = string | Readonly<Record<string, string>>;

/** An integrity text as read: the hashes of its strongest algorithm. */
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
 * Reads a subresource-integrity text. Ignores options after a question mark, as the specification says.
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

/** The hashes that a model's files must have. */
export interface IntegrityChecks {
  /** Of the requested file. Throws    invalid-option: the record has none for it */
  main(name: string): Integrity;
  /**
   * Of the files that it names, by path.
   * Throws    invalid-option: a file has no hash and would be loaded unchecked · a hash belongs to none of the files
   */
  beside(paths: readonly string[], name: string): ReadonlyMap<string, Integrity>;
}

/**
 * The checks of the option `integrity`, or of the Request itself if there is no option.
 * Throws    invalid-option: neither a text nor a record of texts, or one of them as above
 */
export function readIntegrity(given: ModelIntegrity | undefined, source?: unknown): IntegrityChecks | undefined {
  const own = isRequest(source) && source.integrity !== '' ? source.integrity : undefined;
  const asked = given === undefined ? own : given;
  if (asked === undefined) return undefined;
  if (Object.prototype.toString.call(asked) !== '[object Object]') {
    const only = parseIntegrity(asked as string);
    return {
      main: () => only,
      beside: (paths, name) => {
        if (paths.length > 0) throw unchecked(paths, [name, ...paths]);
        return new Map();
      },
    };
  }
  const hashes = new Map(
    Object.entries(asked).map(([path, text]) => [
      innerPath(path) ?? path,
      parseIntegrity(text, `integrity["${path}"]`),
    ]),
  );
  return {
    main: (name) => hashes.get(name) ?? raise(unchecked([name], [name])),
    beside: (paths, name) => {
      const all = [name, ...paths];
      const keyOf = givenNames(all, [...hashes.keys()]);
      const missing = paths.filter((path) => keyOf(path) === undefined);
      if (missing.length > 0) throw unchecked(missing, all);
      const read = new Set([name, ...paths.map(keyOf)]);
      const unread = [...hashes.keys()].find((key) => !read.has(key));
      if (unread !== undefined) throw unknownFile(unread, all);
      return new Map(paths.map((path) => [path, hashes.get(keyOf(path) as string) as Integrity]));
    },
  };
}

function raise(error: LimbeckError): never {
  throw error;
}

function unchecked(missing: readonly string[], files: readonly string[]): LimbeckError {
  const example = files.map((path) => `${JSON.stringify(path)}: "sha384-…"`).join(', ');
  return new LimbeckError(
    'invalid-option',
    `"integrity" has no hash for ${missing.join(', ')}, which would be loaded unchecked. Give the hashes of all files, or ` +
      `no "integrity": { ${example} }.`,
    { details: { name: 'integrity', missing, files } },
  );
}

/** The hash of a file that is never read. */
function unknownFile(path: string, files: readonly string[]): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `"integrity" has a hash for "${path}", which is none of the files: ${files.join(', ')}. Write it as it stands there.`,
    { details: { name: 'integrity', path, files } },
  );
}

/** Whether one of the hashes is this one. */
export function isAmong(hash: Uint8Array, { hashes }: Integrity): boolean {
  return hashes.some((one) => one.length === hash.length && one.every((byte, i) => byte === hash[i]));
}

/**
 * Hashes the bytes and compares; gives the hash. Where no hash is asked for, there is nothing to check.
 * Throws    integrity-mismatch: none of the hashes is that of the bytes
 */
export async function checkIntegrity(bytes: Uint8Array, integrity: Integrity, name: string): Promise<Uint8Array>;
export async function checkIntegrity(
  bytes: Uint8Array,
  integrity: Integrity | undefined,
  name: string,
): Promise<Uint8Array | undefined>;
export async function checkIntegrity(
  bytes: Uint8Array,
  integrity: Integrity | undefined,
  name: string,
): Promise<Uint8Array | undefined> {
  if (integrity === undefined) return undefined;
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

/** Reads both alphabets of base64; undefined if the text is neither. */
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
