// Parts of a file whose download has not ended, so that the next one begins where it stopped.
import { sha256, sha256Bytes } from '../../core/hash.ts';
import { parseJson } from '../../core/parseJson.ts';
import type { Store } from '../../storage/store.ts';
import type { BegunFile } from '../download.ts';
import type { FileVersion } from '../fileVersion.ts';
import type { CollectedBytes } from '../readResponse.ts';

const PARTS = 'models/parts/';
/** A file of this length or less is loaded again. */
const PART_BYTES = 4 * 1024 * 1024;
const HASH_BYTES = 32;
/** Whoever has not come back by then starts again. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

interface Head extends FileVersion {
  readonly savedAtMs: number;
}

/** The parts of one address. */
export interface KeptParts {
  /** The bytes kept of an earlier download, up to the first part that is missing or damaged. */
  read(): Promise<BegunFile | undefined>;
  /** Keeps each part once it is whole. What the store refuses is not kept. */
  add(collected: CollectedBytes, version: FileVersion): Promise<void>;
  /** How many parts are there. */
  count(): Promise<number>;
  drop(): Promise<void>;
}

/** `partBytes` is for tests. */
export async function keptParts(
  store: Store,
  url: string,
  budgetBytes = Number.POSITIVE_INFINITY,
  partBytes = PART_BYTES,
): Promise<KeptParts> {
  const folder = `${PARTS}${await sha256(new TextEncoder().encode(url))}/`;
  const [headKey, keyOf] = [`${folder}head`, (part: number) => `${folder}${part}`];
  /** Parts of this version that were kept by now; undefined if keeping was given up. */
  let kept: number | undefined;
  let keptOf: FileVersion | undefined;
  const drop = async () => {
    for (const key of await store.keys(folder)) await store.delete(key);
  };

  return {
    drop,
    count: async () => (await store.keys(folder)).length,
    async read() {
      const head = headOf(await store.get(headKey));
      if (head === undefined || Date.now() - head.savedAtMs > KEPT_MS) return undefined;
      const parts: Uint8Array[] = [];
      while (parts.length * partBytes < head.totalBytes) {
        const part = await readPart(await store.get(keyOf(parts.length)));
        if (part?.length !== partBytes) break;
        parts.push(part);
      }
      if (parts.length === 0 || parts.length * partBytes >= head.totalBytes) return undefined;
      const bytes = new Uint8Array(parts.length * partBytes);
      for (const [i, part] of parts.entries()) bytes.set(part, i * partBytes);
      [kept, keptOf] = [parts.length, head];
      return { version: head, bytes };
    },
    async add(collected, version) {
      if (version.totalBytes <= partBytes || version.totalBytes > budgetBytes) return;
      try {
        if (keptOf === undefined || !isSame(keptOf, version)) {
          await drop();
          [kept, keptOf] = [0, version];
          const { totalBytes, etag, lastModified } = version;
          const head: Head = { totalBytes, etag, lastModified, savedAtMs: Date.now() };
          await store.put(headKey, new TextEncoder().encode(JSON.stringify(head)));
        }
        while (kept !== undefined && (kept + 1) * partBytes <= collected.length) {
          const part = collected.view(kept * partBytes, (kept + 1) * partBytes);
          if (part === undefined) return;
          await store.put(keyOf(kept), await framed(part));
          kept++;
        }
      } catch {
        // It is only kept for speed: the file is loaded all the same.
        kept = undefined;
      }
    },
  };
}

/** Deletes parts: those that are too old, or all. */
export async function dropParts(store: Store, which: 'old' | 'all'): Promise<void> {
  const keys = await store.keys(PARTS);
  const stale = new Set<string>();
  for (const folder of new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/'))))) {
    const head = which === 'old' ? headOf(await store.get(`${folder}/head`)) : undefined;
    if (head === undefined || Date.now() - head.savedAtMs > KEPT_MS) stale.add(folder);
  }
  for (const key of keys) if (stale.has(key.slice(0, key.lastIndexOf('/')))) await store.delete(key);
}

/** Bytes of all parts. */
export async function bytesOfParts(store: Store): Promise<number> {
  let total = 0;
  for (const key of await store.keys(PARTS)) total += (await store.size(key)) ?? 0;
  return total;
}

/** A part after its hash. */
async function framed(part: Uint8Array): Promise<Uint8Array> {
  const value = new Uint8Array(HASH_BYTES + part.length);
  value.set(await sha256Bytes(part));
  value.set(part, HASH_BYTES);
  return value;
}

async function readPart(value: Uint8Array | undefined): Promise<Uint8Array | undefined> {
  if (value === undefined || value.length < HASH_BYTES) return undefined;
  const part = value.subarray(HASH_BYTES);
  const hash = await sha256Bytes(part);
  return hash.every((byte, i) => byte === value[i]) ? part : undefined;
}

/** Stored bytes may be anything: what is no head counts as none. */
function headOf(bytes: Uint8Array | undefined): Head | undefined {
  if (bytes === undefined) return undefined;
  let read: Partial<Record<keyof Head, unknown>>;
  try {
    read = Object(parseJson(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
  const { totalBytes, etag, lastModified, savedAtMs } = read;
  const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';
  if (!Number.isSafeInteger(totalBytes) || typeof savedAtMs !== 'number' || !isText(etag) || !isText(lastModified)) {
    return undefined;
  }
  if (etag === undefined && lastModified === undefined) return undefined;
  return { totalBytes: totalBytes as number, etag, lastModified, savedAtMs };
}

function isSame(a: FileVersion, b: FileVersion): boolean {
  return a.totalBytes === b.totalBytes && a.etag === b.etag && a.lastModified === b.lastModified;
}
