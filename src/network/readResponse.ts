// Reads bytes to their end, with progress; loaded while the server is being asked.
import { abortError, LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { bytes as inBytes } from '../core/figures.ts';
import { networkHint, unreachable } from './requestFile.ts';

/** Called as bytes of a file arrive. */
export type FileProgress = (loadedBytes: number, totalBytes: number | undefined) => void;

export interface ReadOptions {
  readonly onProgress: FileProgress;
  readonly signal?: AbortSignal;
}

/**
 * Reads the body of a successful response.
 * Throws    model-unreachable: the connection broke, or fewer bytes came than were announced · out-of-memory · AbortError
 */
export async function readResponse(response: Response, address: string, options: ReadOptions): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length'));
  const isEncoded = response.headers.get('content-encoding') !== null;
  const total = announced > 0 && !isEncoded ? announced : undefined;
  if (response.body === null) return new Uint8Array();
  const bytes = await readStream(response.body, total, options, (error) =>
    unreachable(address, messageOf(error), networkHint(address), { cause: error }),
  );
  // Another origin may hide that its response is compressed, and then the length is not that of the file.
  if (total === undefined || bytes.byteLength >= total || response.type === 'cors') return bytes;
  throw unreachable(
    address,
    `the server announced ${total} bytes and sent ${bytes.byteLength}`,
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
  { onProgress, signal }: ReadOptions,
  failure: (error: unknown) => LimbeckError,
): Promise<Uint8Array> {
  throwIfAborted(signal);
  const reader = stream.getReader();
  const release = (reason: unknown) => void reader.cancel(reason).catch(() => undefined);
  // The caller's own stream knows nothing of the signal: without this, its next part would be awaited.
  const stop = () => release(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const collected = collectBytes(total);
    for (;;) {
      const part = await reader.read().catch((error: unknown) => {
        throw signal?.aborted ? abortError(signal.reason) : failure(error);
      });
      throwIfAborted(signal);
      if (part.done) return collected.finish();
      collected.add(part.value);
      onProgress(collected.length, collected.total);
    }
  } catch (error) {
    release(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Collects parts in one buffer of the announced length, or as they come if none was announced. */
function collectBytes(announced: number | undefined) {
  let whole = announced === undefined ? undefined : allocate(announced);
  const parts: Uint8Array[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    /** Undefined once more came than was announced. */
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
