// Reads bytes to their end, with progress; loaded while the server is being asked.
import { abortError, LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { bytes as inBytes } from '../core/figures.ts';
import { networkHint, unreachable } from './requestFile.ts';

/** Called as bytes of a file arrive. */
export type FileProgress = (loadedBytes: number, totalBytes: number | undefined) => void;

export interface ReadOptions {
  readonly onProgress: FileProgress;
  readonly signal?: AbortSignal;
  /** Called after bytes were added, and awaited. */
  readonly onAdded?: (collected: CollectedBytes) => Promise<void>;
}

/**
 * Reads the body of a successful response.
 * Throws    what `readInto` throws
 */
export async function readResponse(response: Response, address: string, options: ReadOptions): Promise<Uint8Array> {
  const collected = collectBytes(announcedLength(response));
  await readInto(response, collected, address, options);
  return collected.finish();
}

/** The length of the file, if the response tells it: that of a compressed one is not told. */
export function announcedLength({ headers }: Response): number | undefined {
  const announced = Number(headers.get('content-length'));
  return announced > 0 && headers.get('content-encoding') === null ? announced : undefined;
}

/**
 * Adds the body of a successful response to the bytes of its file that came before.
 * Throws    model-unreachable: the connection broke, or fewer bytes came than were announced · out-of-memory · AbortError
 */
export async function readInto(
  response: Response,
  collected: CollectedBytes,
  address: string,
  options: ReadOptions,
): Promise<void> {
  if (response.body === null) return;
  const { total } = collected;
  await pour(response.body, collected, options, (error) =>
    unreachable(address, messageOf(error), networkHint(address), { cause: error }),
  );
  // Another origin may hide that its response is compressed, and then the length is not that of the file.
  if (total === undefined || collected.length >= total || response.type === 'cors') return;
  throw unreachable(
    address,
    `the server announced ${total} bytes and sent ${collected.length}`,
    'Load it again; if that does not help, the file on the server is damaged.',
  );
}

/**
 * Reads a stream to its end, into one buffer if its length is known.
 * Throws    invalid-option: parts that are no bytes · what `failure` makes of a broken stream · out-of-memory · AbortError
 */
export async function readStream(
  stream: ReadableStream<Uint8Array>,
  total: number | undefined,
  options: ReadOptions,
  failure: (error: unknown) => LimbeckError,
): Promise<Uint8Array> {
  const collected = collectBytes(total);
  await pour(stream, collected, options, failure);
  return collected.finish();
}

/**
 * Adds a stream's bytes to those that are collected.
 * Throws    what `readStream` throws; the bytes that came before stay collected
 */
export async function pour(
  stream: ReadableStream<Uint8Array>,
  collected: CollectedBytes,
  { onProgress, signal, onAdded }: ReadOptions,
  failure: (error: unknown) => LimbeckError,
): Promise<void> {
  throwIfAborted(signal);
  const reader = stream.getReader();
  const release = (reason: unknown) => void reader.cancel(reason).catch(() => undefined);
  // The caller's own stream knows nothing of the signal: without this, its next part would be awaited.
  const stop = () => release(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const part = await reader.read().catch((error: unknown) => {
        throw signal?.aborted ? abortError(signal.reason) : failure(error);
      });
      throwIfAborted(signal);
      if (part.done) return;
      collected.add(part.value);
      onProgress(collected.length, collected.total);
      await onAdded?.(collected);
    }
  } catch (error) {
    release(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** The bytes of a file that have come so far. */
export interface CollectedBytes {
  readonly length: number;
  /** Undefined if no length was announced, or once more came than was. */
  readonly total: number | undefined;
  add(part: Uint8Array): void;
  /** The bytes from one position up to another, not copied; where the length was announced and has been kept to. */
  view(start: number, end: number): Uint8Array | undefined;
  /** All bytes in one buffer; nothing can be added after. */
  finish(): Uint8Array;
}

/** Collects parts in one buffer of the announced length, or as they come if none was announced. */
export function collectBytes(announced: number | undefined): CollectedBytes {
  let whole = announced === undefined ? undefined : allocate(announced);
  const parts: Uint8Array[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    get total() {
      return whole?.byteLength;
    },
    add(part: Uint8Array) {
      if (!ArrayBuffer.isView(part) || part.BYTES_PER_ELEMENT !== 1) {
        throw new LimbeckError(
          'invalid-option',
          `The stream of the model gave ${Object.prototype.toString.call(part)}; it must give parts as Uint8Array.`,
        );
      }
      if (whole !== undefined && length + part.byteLength > whole.byteLength) {
        parts.push(whole.subarray(0, length));
        whole = undefined;
      }
      if (whole === undefined) parts.push(part);
      else whole.set(part, length);
      length += part.byteLength;
    },
    view: (start, end) => whole?.subarray(start, Math.min(end, length)),
    finish(): Uint8Array {
      if (whole !== undefined) return whole.byteLength === length ? whole : whole.slice(0, length);
      const joined = allocate(length);
      let at = 0;
      for (const [i, part] of parts.entries()) {
        joined.set(part, at);
        at += part.byteLength;
        // Released at once, so that the whole is not held twice.
        parts[i] = new Uint8Array();
      }
      return joined;
    },
  };
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new LimbeckError(
      'out-of-memory',
      `There is no room for the ${inBytes(bytes)} of the model: ${messageOf(error)}. Use a smaller or quantized one.`,
      { details: { bytes }, cause: error },
    );
  }
}
