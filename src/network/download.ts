// Downloads a file to its end: where the connection breaks, the rest is asked for.
import { abortError, LimbeckError } from '../core/errors.ts';
import { type Address, isRequest } from './address.ts';
import { type FileVersion, isRestOf, rangeHeaders, versionOf } from './fileVersion.ts';
import { announcedLength, type CollectedBytes, collectBytes, type ReadOptions, readInto } from './readResponse.ts';
import { requestFile } from './requestFile.ts';

/** How long to wait before each try of one interruption. */
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** Bytes of a file that came before this download. */
export interface BegunFile {
  readonly version: FileVersion;
  readonly bytes: Uint8Array;
}

export interface DownloadOptions extends Omit<ReadOptions, 'onAdded'> {
  /** With these bytes it begins, if `response` is the rest of the same version. */
  readonly begun?: BegunFile;
  /** Called after bytes were added to those of a version whose rest can be asked for; awaited. */
  readonly onAdded?: (collected: CollectedBytes, version: FileVersion) => Promise<void>;
  /** The connection broke, and the rest was asked for with success. */
  readonly onResumed?: (loadedBytes: number) => void;
  readonly waitsMs?: readonly number[];
}

/** The bytes of a file, and what its server says of it. */
export interface Downloaded {
  readonly bytes: Uint8Array;
  /** Not if the response is a part of the file that the caller asked for. */
  readonly isWhole: boolean;
  readonly etag?: string;
  readonly lastModified?: string;
}

/**
 * Reads a response to the end of its file. If the connection breaks, the rest is asked for, up to five times without
 * progress, where the server gives a length and a version and knows ranges; if the file changed meanwhile, it begins again.
 * Throws    model-unreachable · out-of-memory · AbortError
 */
export async function download(
  input: Address,
  address: string,
  first: Response,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { begun, onAdded, onResumed, signal, onProgress } = options;
  const isBegun = begun !== undefined && isRestOf(first, begun.bytes.length, begun.version, address);
  let response = first;
  let version = isBegun ? begun.version : askable(input) ? versionOf(response, address) : undefined;
  let collected = collectBytes(isBegun ? begun.version.totalBytes : announcedLength(response));
  if (isBegun) collected.add(begun.bytes);
  let said = isBegun ? { isWhole: true, ...namesOf(begun.version) } : toldBy(response);
  let [most, failures] = [collected.length, 0];
  for (;;) {
    try {
      await readInto(response, collected, address, {
        signal,
        onProgress,
        onAdded: version && onAdded && ((all) => onAdded(all, version as FileVersion)),
      });
      return { bytes: collected.finish(), ...said };
    } catch (error) {
      if (version === undefined || !isBroken(error) || collected.length >= version.totalBytes) throw error;
      if (collected.length > most) [most, failures] = [collected.length, 0];
      const next = await askForRest(input, address, collected.length, version, options, failures, error);
      failures = next.failures;
      response = next.response;
      if (response.status === 206) onResumed?.(collected.length);
      else {
        version = versionOf(response, address);
        said = toldBy(response);
        collected = collectBytes(announcedLength(response));
      }
    }
  }
}

/** Asks until there is an answer, or as often as it may; then throws `broken`. */
async function askForRest(
  input: Address,
  address: string,
  from: number,
  version: FileVersion,
  { signal, waitsMs = WAITS_MS }: DownloadOptions,
  failuresBefore: number,
  broken: unknown,
): Promise<{ response: Response; failures: number }> {
  for (let failures = failuresBefore; failures < waitsMs.length; failures++) {
    await pause(waitsMs[failures] as number, signal);
    const response = await requestFile(input, address, signal, rangeHeaders(from, version, address)).catch(
      (error: unknown) => {
        if (isBroken(error)) return undefined;
        throw error;
      },
    );
    if (response === undefined) continue;
    if (response.status === 200 || isRestOf(response, from, version, address))
      return { response, failures: failures + 1 };
    void response.body?.cancel().catch(() => undefined);
    throw broken;
  }
  throw broken;
}

function namesOf({ etag, lastModified }: FileVersion) {
  return { etag, lastModified };
}

function toldBy({ status, headers }: Response): Omit<Downloaded, 'bytes'> {
  const [etag, lastModified] = [headers.get('etag') ?? undefined, headers.get('last-modified') ?? undefined];
  return { isWhole: status === 200, etag, lastModified };
}

/** A request with a body, or of another method, may not be repeated. */
function askable(input: Address): boolean {
  return !isRequest(input) || input.method === 'GET';
}

/** Whether the connection failed, or the server may answer at another try. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof LimbeckError) || error.code !== 'model-unreachable') return false;
  const { status } = error.details as { status?: number };
  return status === undefined || status >= 500 || status === 429;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(abortError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
