import { isAbortError, LimbeckError, messageOf, throwIfAborted } from '../../core/errors.ts';
import { bytes as inBytes } from '../../core/figures.ts';
import { hashBytes, sha256, toHex } from '../../core/hash.ts';
import { type Address, addressOf, isCrossOrigin, isRequest } from '../address.ts';
import { type BegunFile, download as downloadFile } from '../download.ts';
import { fetchFile } from '../fetchFile.ts';
import { isRestOf, rangeHeaders } from '../fileVersion.ts';
import { checkIntegrity, type Integrity, isAmong } from '../integrity.ts';
import type { FileProgress } from '../readResponse.ts';
import { requestFile } from '../requestFile.ts';
import { afterOthers } from './afterOthers.ts';
import { type KeptParts, keptParts } from './keptParts.ts';
import type { ModelCache } from './modelCache.ts';
import { type CacheEntry, readBlob, readEntry, sizeOfBlob } from './modelCacheIndex.ts';
import { keepFile, storeObstacle } from './modelCacheSpace.ts';

/** A file to load through a cache. */
export interface CachedFile {
  readonly cache: ModelCache;
  readonly input: Address;
  readonly name: string;
  readonly integrity?: Integrity;
  /** The address of the model to which this file belongs; undefined if it is the model. */
  readonly modelAddress?: string;
  readonly signal?: AbortSignal;
  readonly onProgress: FileProgress;
  readonly notify: (notice: string) => void;
}

interface CachedJob extends CachedFile {
  /** Absolute, without fragment: the key of the file. */
  readonly address: string;
  /** How long to wait before each try where the connection breaks. */
  readonly waitsMs?: readonly number[];
}

/** An older copy is there: it is not worth waiting long for the new one. */
const WAITS_BEFORE_KEPT_MS = [500, 1000];

interface Found {
  readonly bytes: Uint8Array;
  /** SHA-256; undefined if the response was not the whole file, or could not be kept. */
  readonly hash?: string | undefined;
}

/**
 * Loads a file, from the cache if it is there. If the kept bytes match the given integrity, no server is asked. Without one the
 * server says whether the file changed; if it cannot be reached, the kept bytes are used, with a notice. What is on no server
 * is not kept; where the store fails, the file is loaded without it, with a notice.
 * Throws    model-unreachable · integrity-mismatch · out-of-memory · AbortError
 */
export async function fetchCached(file: CachedFile): Promise<Found> {
  const { input, name, integrity, notify } = file;
  const address = addressOf(input);
  if (/^https?:/.test(address) && (!isRequest(input) || input.method === 'GET')) {
    try {
      return await findOrLoad({ ...file, address });
    } catch (error) {
      notify(`"${name}" was loaded without the cache. ${storeObstacle(error)}`);
    }
  }
  const bytes = await fetchFile(input, file);
  await checkIntegrity(bytes, integrity, name);
  return { bytes };
}

async function findOrLoad(job: CachedJob): Promise<Found> {
  const { store } = job.cache;
  const entry = await readEntry(store, job.address);
  if (job.integrity !== undefined) return (await findByIntegrity(job, job.integrity, entry)) ?? download(job);
  // If the browser evicted the bytes, there is no point in asking whether they changed.
  if (entry === undefined || (await sizeOfBlob(store, entry.hash)) !== entry.bytes) return download(job);
  let fault: LimbeckError | undefined;
  try {
    const response = await requestFile(job.input, job.address, job.signal, conditionsOf(entry));
    if (response.status !== 304 && !isSameFile(entry, response)) {
      return await download({ ...job, waitsMs: WAITS_BEFORE_KEPT_MS }, response);
    }
    await response.body?.cancel();
  } catch (error) {
    if (!isOutage(error)) throw error;
    fault = error;
  }
  const kept = await read(job, entry.hash);
  if (kept === undefined) {
    if (fault !== undefined) throw fault;
    return download(job);
  }
  if (fault !== undefined) {
    const day = new Date(entry.savedAtMs).toISOString().slice(0, 10);
    job.notify(`"${job.name}" is the cached copy of ${day}; whether it changed is not known. ${messageOf(fault)}`);
  }
  return kept;
}

/**
 * Loads from the server, or reads a response that is there already, and keeps the bytes. If another tab loads the same file,
 * it waits for that, and takes what was kept.
 */
async function download(job: CachedJob, answer?: Response): Promise<Found> {
  const { cache, address, signal } = job;
  const parts = await keptParts(cache.store, address, cache.budgetBytes);
  const since = Date.now();
  const lock = cache.store.kind === 'memory' ? undefined : `limbeck-model/${cache.store.name}/${address}`;
  return afterOthers({ lock, progress: parts.count, signal }, async (hasWaited) => {
    if (!hasWaited) return loadFile(job, parts, answer);
    await answer?.body?.cancel();
    const entry = await readEntry(cache.store, address);
    const isNew = entry !== undefined && entry.savedAtMs >= since;
    const { integrity } = job;
    const kept = isNew ? await (integrity ? findByIntegrity(job, integrity, entry) : read(job, entry.hash)) : undefined;
    return kept ?? loadFile(job, parts);
  });
}

async function loadFile(job: CachedJob, parts: KeptParts, answer?: Response): Promise<Found> {
  const { input, address, name, integrity, signal, onProgress, notify, waitsMs } = job;
  const begun = answer === undefined && !isPartial(input) ? await parts.read() : undefined;
  const response = answer ?? (await askFrom(job, begun, parts));
  const { bytes, isWhole, etag, lastModified } = await downloadFile(input, address, response, {
    begun,
    waitsMs,
    signal,
    onProgress,
    onAdded: parts.add,
    onResumed: (loaded) =>
      notify(`The connection broke after ${inBytes(loaded)} of "${name}", and was taken up there.`),
  });
  await parts.drop();
  const checked = integrity && (await checkIntegrity(bytes, integrity, name));
  // A partial response is not the file.
  if (!isWhole) return { bytes, hash: undefined };
  const hash = checked && integrity.algorithm === 'SHA-256' ? toHex(checked) : await sha256(bytes);
  throwIfAborted(signal);
  if (etag === undefined && lastModified === undefined && integrity === undefined) {
    notify(
      `"${name}" is loaded again each time: its server gives neither ETag nor Last-Modified that this page may read. ` +
        'With "integrity" the cached copy needs neither.',
    );
  }
  await keep(job, { ...entryOf(job, hash, bytes.byteLength), etag, lastModified }, bytes);
  return { bytes, hash };
}

/** Asks for the rest of what an earlier download began, and for the whole file if that is not to be had. */
async function askFrom({ input, address, signal }: CachedJob, begun: BegunFile | undefined, parts: KeptParts) {
  if (begun === undefined) return requestFile(input, address, signal);
  const { version, bytes } = begun;
  const headers = rangeHeaders(bytes.length, version, address);
  const response = await requestFile(input, address, signal, headers).catch((error: unknown) => {
    if (error instanceof LimbeckError && error.details.status === 416) return undefined;
    throw error;
  });
  if (response !== undefined && (response.status === 200 || isRestOf(response, bytes.length, version, address))) {
    return response;
  }
  await response?.body?.cancel();
  await parts.drop();
  return requestFile(input, address, signal);
}

/** Whether the caller asks for a part of the file. */
function isPartial(input: Address): boolean {
  return isRequest(input) && input.headers.has('range');
}

function entryOf({ address, name, modelAddress }: CachedJob, hash: string, bytes: number): CacheEntry {
  const now = Date.now();
  const isPart = modelAddress !== undefined;
  return { url: address, name, hash, bytes, savedAtMs: now, usedAtMs: now, files: [], isPart };
}

/** Bytes are kept under their SHA-256, so a given SHA-256 finds them whatever their address was. */
async function findByIntegrity(job: CachedJob, integrity: Integrity, entry?: CacheEntry): Promise<Found | undefined> {
  const hashes = integrity.algorithm === 'SHA-256' ? integrity.hashes.map(toHex) : entry ? [entry.hash] : [];
  for (const hash of hashes) {
    const kept = await read(job, hash);
    if (kept === undefined) continue;
    const isMet =
      integrity.algorithm === 'SHA-256' || isAmong(await hashBytes(integrity.algorithm, kept.bytes), integrity);
    if (!isMet) continue;
    if (entry?.hash !== hash) await keep(job, entryOf(job, hash, kept.bytes.byteLength), kept.bytes);
    return kept;
  }
  return undefined;
}

async function keep(job: CachedJob, entry: CacheEntry, bytes: Uint8Array): Promise<void> {
  for (const notice of await keepFile(job.cache, entry, bytes, job.modelAddress ?? job.address)) job.notify(notice);
}

async function read({ cache, name, signal, onProgress, notify }: CachedJob, hash: string): Promise<Found | undefined> {
  const kept = await readBlob(cache.store, hash);
  throwIfAborted(signal);
  if (kept === 'missing') return undefined;
  if (kept === 'damaged') {
    notify(`The cached copy of "${name}" was damaged and is loaded again.`);
    return undefined;
  }
  onProgress(kept.byteLength, kept.byteLength);
  return { bytes: kept, hash };
}

/**
 * Another origin would have to allow them in a preflight request, which many servers refuse. There the headers of the response
 * are compared, and its body is discarded unread.
 */
function conditionsOf({ url, etag, lastModified }: CacheEntry): Record<string, string> | undefined {
  if (isCrossOrigin(url)) return undefined;
  if (etag !== undefined) return { 'if-none-match': etag };
  return lastModified === undefined ? undefined : { 'if-modified-since': lastModified };
}

/** For servers that ignore conditions, and for other origins. */
function isSameFile(entry: CacheEntry, { headers }: Response): boolean {
  const etag = headers.get('etag');
  if (etag !== null && entry.etag !== undefined) return etag === entry.etag;
  const lastModified = headers.get('last-modified');
  const isSameLength =
    headers.get('content-encoding') !== null || Number(headers.get('content-length')) === entry.bytes;
  return lastModified !== null && lastModified === entry.lastModified && isSameLength;
}

/** Whether the server may have the file but could not be asked now. "Gone" and "forbidden" are answers. */
function isOutage(error: unknown): error is LimbeckError {
  if (isAbortError(error) || !(error instanceof LimbeckError) || error.code !== 'model-unreachable') return false;
  const { status } = error.details as { status?: number };
  return status === undefined || status >= 500 || status === 408 || status === 429;
}
