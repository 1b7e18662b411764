import { sha256 } from '../../core/hash.ts';
import type { Store } from '../../storage/store.ts';
import { dropParts } from './keptParts.ts';

/** What a cache knows about an address. */
export interface CacheEntry {
  readonly url: string;
  readonly name: string;
  /** SHA-256 of the bytes, under which they are kept. */
  readonly hash: string;
  readonly bytes: number;
  /** The server's headers by which it can tell whether the file changed. */
  readonly etag?: string;
  readonly lastModified?: string;
  readonly savedAtMs: number;
  readonly usedAtMs: number;
  /** Addresses of the model's other files. */
  readonly files: readonly string[];
  /** Whether this is a file of a model, not a model. */
  readonly isPart: boolean;
}

const BLOBS = 'models/blobs/';
const URLS = 'models/urls/';

export async function readEntry(store: Store, url: string): Promise<CacheEntry | undefined> {
  return parseEntry(await store.get(URLS + (await sha256(encode(url)))));
}

export async function writeEntry(store: Store, entry: CacheEntry): Promise<void> {
  await store.put(URLS + (await sha256(encode(entry.url))), encode(JSON.stringify(entry)));
}

export async function deleteEntry(store: Store, { url }: CacheEntry): Promise<void> {
  await store.delete(URLS + (await sha256(encode(url))));
}

export async function readEntries(store: Store): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const key of await store.keys(URLS)) {
    const entry = parseEntry(await store.get(key));
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/**
 * The bytes of that hash, or why there are none: evicted by the browser, or damaged. Damaged bytes are deleted, so that they
 * no longer count.
 */
export async function readBlob(store: Store, hash: string): Promise<Uint8Array | 'missing' | 'damaged'> {
  const bytes = await store.get(BLOBS + hash);
  if (bytes === undefined) return 'missing';
  if ((await sha256(bytes)) === hash) return bytes;
  await store.delete(BLOBS + hash);
  return 'damaged';
}

export function writeBlob(store: Store, hash: string, bytes: Uint8Array): Promise<void> {
  return store.put(BLOBS + hash, bytes);
}

export function deleteBlob(store: Store, hash: string): Promise<void> {
  return store.delete(BLOBS + hash);
}

/** Length of the bytes of that hash, without reading them. */
export function sizeOfBlob(store: Store, hash: string): Promise<number | undefined> {
  return store.size(BLOBS + hash);
}

/** The hashes under which something is kept. */
export async function blobHashes(store: Store): Promise<string[]> {
  return (await store.keys(BLOBS)).map((key) => key.slice(BLOBS.length));
}

/** Everything that the cache wrote, damaged entries too. */
export async function clearIndex(store: Store): Promise<void> {
  await dropParts(store, 'all');
  for (const prefix of [URLS, BLOBS]) for (const key of await store.keys(prefix)) await store.delete(key);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A damaged entry, or one of another version, is ignored: the file is loaded again. */
function parseEntry(bytes: Uint8Array | undefined): CacheEntry | undefined {
  if (bytes === undefined) return undefined;
  let read: Partial<Record<keyof CacheEntry, unknown>>;
  try {
    read = Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
  const { url, name, hash, bytes: length, etag, lastModified, savedAtMs, usedAtMs, files, isPart } = read;
  const isWhole =
    typeof url === 'string' &&
    typeof name === 'string' &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof length === 'number' &&
    isTextOrNone(etag) &&
    isTextOrNone(lastModified) &&
    typeof savedAtMs === 'number' &&
    typeof usedAtMs === 'number' &&
    Array.isArray(files) &&
    files.every((file) => typeof file === 'string') &&
    typeof isPart === 'boolean';
  return isWhole ? (read as unknown as CacheEntry) : undefined;
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
