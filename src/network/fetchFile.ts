import { abortError, LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { type Address, addressOf, isCrossOrigin, isRequest } from './address.ts';

/** Tells how far one file is. */
export type FileProgress = (loadedBytes: number, totalBytes: number | undefined) => void;

export interface ReadOptions {
  readonly onProgress: FileProgress;
  readonly signal?: AbortSignal;
}

/**
 * The bytes at an address.
 * Throws    model-unreachable · out-of-memory · AbortError
 */
export async function fetchFile(source: Address, options: Partial<ReadOptions> = {}): Promise<Uint8Array> {
  throwIfAborted(options.signal);
  const address = addressOf(source);
  const response = await requestFile(source, address, options.signal);
  return readResponse(response, address, { onProgress: () => undefined, ...options });
}

/**
 * Asks a server for a file; the answer is good, or 304 where `headers` ask whether it changed. What the caller's Request
 * carries does not leave for another origin: see `isFollowed`.
 * Throws    model-unreachable, with the status in its details where there was an answer · AbortError
 */
export async function requestFile(
  input: Address,
  address: string,
  signal?: AbortSignal,
  headers?: Readonly<Record<string, string>>,
): Promise<Response> {
  const options: RequestInit = { signal: signal ?? null, ...(!isFollowed(input) && { redirect: 'manual' }) };
  if (headers !== undefined) {
    const all = new Headers((input as Partial<Request>).headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    options.headers = all;
  }
  let response: Response;
  try {
    response = await fetch(input, options);
  } catch (error) {
    throwIfAborted(signal);
    throw unreachable(address, messageOf(error), networkHint(address), { cause: error });
  }
  if (headers !== undefined && response.status === 304) return response;
  return checkResponse(response, address);
}

/** Headers that say nothing of who asks, and those that every platform takes away where a redirect leaves the origin. */
const SAFE_HEADERS = new Set([
  ...['accept', 'accept-language', 'cache-control', 'content-language', 'pragma', 'range', 'user-agent'],
  ...['authorization', 'cookie', 'proxy-authorization'],
]);

/**
 * Whether a redirect may be followed. A platform sends headers such as an API key, and the body, to wherever a server
 * points, and does not tell a page where that is; so such a request is not followed anywhere.
 * Source    WHATWG Fetch, HTTP-redirect fetch, step 13: "Authorization" alone is taken away
 */
function isFollowed(input: Address): boolean {
  if (!isRequest(input) || input.redirect !== 'follow') return true;
  return ['GET', 'HEAD'].includes(input.method) && [...input.headers.keys()].every((name) => SAFE_HEADERS.has(name));
}

/** Throws    model-unreachable: not ok, or a web page */
export function checkResponse(response: Response, address: string): Response {
  const { status, statusText } = response;
  const release = () => void response.body?.cancel().catch(() => undefined);
  if (response.type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status)) {
    release();
    throw unreachable(
      address,
      'the server sent its request on to another address',
      'The request has headers of its own, or a body, which are not sent on: they might be secret. Give the final address.',
      { status },
    );
  }
  if (response.type === 'opaque') {
    throw unreachable(address, 'its answer may not be read', 'Do not ask for it with mode: "no-cors".', { status });
  }
  if (!response.ok) {
    release();
    throw unreachable(address, `the server answered ${`${status} ${statusText}`.trim()}`, statusHint(status), {
      status,
    });
  }
  const type = response.headers.get('content-type') ?? '';
  if (!/^(text\/html|application\/xhtml\+xml)\b/i.test(type.trim())) return response;
  release();
  throw unreachable(
    address,
    `the server answered with a web page (${type})`,
    'Many servers give their start page for an address that they do not know: check the address.',
    { status },
  );
}

/**
 * Reads the body of a good answer.
 * Throws    model-unreachable: the connection broke, or less came than was announced · out-of-memory · AbortError
 */
export async function readResponse(response: Response, address: string, options: ReadOptions): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length'));
  const isEncoded = response.headers.get('content-encoding') !== null;
  const total = announced > 0 && !isEncoded ? announced : undefined;
  if (response.body === null) return new Uint8Array();
  const bytes = await readStream(response.body, total, options, (error) =>
    unreachable(address, messageOf(error), networkHint(address), { cause: error }),
  );
  // Another origin may hide that its answer is packed, and then its length is not that of the file.
  if (total === undefined || bytes.byteLength >= total || response.type === 'cors') return bytes;
  throw unreachable(
    address,
    `the server announced ${total} bytes and sent ${bytes.byteLength}`,
    'Load it again; if that does not help, the file on the server is damaged.',
  );
}

/**
 * Reads a stream to its end, into one buffer where its length is known.
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
  // A stream of the caller's own knows nothing of the signal: without this its next part would be waited for.
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

export function unreachable(
  address: string,
  why: string,
  hint: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): LimbeckError {
  const sentence = `The model at ${address} could not be loaded: ${why.replace(/\.$/, '')}. ${hint}`;
  return new LimbeckError('model-unreachable', sentence, { details: { url: address, status }, cause });
}

function networkHint(address: string): string {
  if (!isCrossOrigin(address)) return 'Check the address and the connection.';
  return (
    `Check the address and the connection. It lies on another origin (${new URL(address).origin}), whose server must ` +
    'allow this page to read it (CORS: Access-Control-Allow-Origin); if it does not, serve the file from your own.'
  );
}

function statusHint(status: number): string {
  if (status === 401 || status === 403)
    return 'Give a Request with the headers or credentials that the server asks for.';
  if (status === 404 || status === 410) return 'Check the address.';
  if (status === 408 || status === 429 || status >= 500) return 'Try again later.';
  return 'Check the address and how it is asked for.';
}

/** Collects parts in one buffer of the length that was announced, or as they come where none was. */
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
        // Let go of at once, so that the whole is not held twice.
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
      `There is no room for the ${bytes} bytes of the model: ${messageOf(error)}. Use a smaller or quantized one.`,
      { details: { bytes }, cause: error },
    );
  }
}
