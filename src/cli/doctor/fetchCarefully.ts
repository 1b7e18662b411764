import { LimbeckError, messageOf } from '../../core/errors.ts';
import { bytes as bytesText } from '../../core/figures.ts';
import { parseAddress, shownAddress } from '../../network/address.ts';

const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 5;

/** An answer, as far as it was read. */
export interface Answer {
  /** Where it came from in the end. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** Whether it was longer than what is read. */
  readonly isCut: boolean;
  /** The addresses before, in order, as they may be shown. */
  readonly redirects: readonly string[];
}

/** The address of a page. Throws    invalid-option: no address of http or https, or one with a name and a password */
export function pageAddress(text: string): URL {
  const url = parseAddress(text);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new LimbeckError('invalid-option', `"${text}" is no address; give one such as http://localhost:5173/.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new LimbeckError(
      'invalid-option',
      'The address has a user name or password in it; the doctor sends none. Leave it out.',
    );
  }
  url.hash = '';
  return url;
}

/**
 * Asks once, without credentials, and reads no more than `mostBytes`. A redirect is followed on the same host only, so that a
 * page cannot send the doctor to other machines.
 * Throws    read-failed: no answer in time, a broken one, or a redirect elsewhere · AbortError
 */
export async function fetchCarefully(start: URL, mostBytes: number, signal: AbortSignal): Promise<Answer> {
  const redirects: string[] = [];
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  for (let url = start; ; ) {
    try {
      const response = await fetch(url, { redirect: 'manual', credentials: 'omit', signal: inTime });
      const next = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (next === null) {
        return {
          url,
          status: response.status,
          headers: response.headers,
          redirects,
          ...(await read(response, mostBytes)),
        };
      }
      await response.body?.cancel();
      redirects.push(shownAddress(url.href));
      url = redirectedTo(next, url, redirects.length);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LimbeckError) throw error;
      const cause = (error as { readonly cause?: unknown } | null)?.cause ?? error;
      const why = inTime.aborted ? `it did not answer within ${TIMEOUT_MS / 1000} s` : messageOf(cause);
      throw failed(url, why);
    }
  }
}

function redirectedTo(next: string, from: URL, count: number): URL {
  const to = parseAddress(next, from.href);
  const shown = shownAddress(to?.href ?? next).slice(0, 200);
  if (count > MOST_REDIRECTS) throw failed(from, `it redirects more than ${MOST_REDIRECTS} times`);
  const isSafer = to?.protocol === from.protocol || to?.protocol === 'https:';
  if (to?.hostname !== from.hostname || !isSafer)
    throw failed(from, `it redirects to ${shown}; give that address if you trust it`);
  return to;
}

async function read(response: Response, mostBytes: number): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null) {
    // Leaving the loop cancels the rest. What is counted is unpacked already.
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      parts.push(part.subarray(0, mostBytes - length));
      length += part.length;
      if (length > mostBytes) break;
    }
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), isCut: length > mostBytes };
}

function failed(url: URL, why: string): LimbeckError {
  return new LimbeckError('read-failed', `${shownAddress(url.href)} could not be looked at: ${why}.`);
}

/** The answer's text; a page that is too long to be one is refused. */
export function textOf({ url, bytes, isCut }: Answer): string {
  if (isCut) throw failed(url, `it is longer than ${bytesText(bytes.length)}`);
  return new TextDecoder().decode(bytes);
}
