import { LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { filePath, nodeModule } from '../core/node.ts';
import { type Address, isCrossOrigin, isRequest, shownAddress } from './address.ts';

/**
 * Asks a server for a file; the answer is good, or 304 where `headers` ask whether it changed. What the caller's Request
 * carries does not leave for another origin: see `isFollowed`.
 * In Node an address may be that of a file.
 * Throws    model-unreachable, with the status in its details where there was an answer · AbortError
 */
export async function requestFile(
  input: Address,
  address: string,
  signal?: AbortSignal,
  headers?: Readonly<Record<string, string>>,
): Promise<Response> {
  const path = filePath(address);
  if (path !== undefined) return readFile(path, address);
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

async function readFile(path: string, address: string): Promise<Response> {
  const { responseOf } = await import('./readFile.ts');
  try {
    return await responseOf(path);
  } catch (error) {
    const folder = nodeModule<typeof import('node:process')>('process')?.cwd();
    const hint = `Check the path; a relative one counts from the working directory, ${folder}.`;
    throw unreachable(address, messageOf(error), hint, { cause: error });
  }
}

/** Headers that hold no secret, and those that every platform removes when a redirect leaves the origin. */
const SAFE_HEADERS = new Set([
  ...['accept', 'accept-language', 'cache-control', 'content-language', 'pragma', 'range', 'user-agent'],
  ...['authorization', 'cookie', 'proxy-authorization'],
]);

/**
 * Whether a redirect may be followed. A platform sends headers such as an API key, and the body, wherever a server redirects
 * to, and does not tell the page where that is; so requests with such headers or a body are never redirected.
 * Source    WHATWG Fetch, HTTP-redirect fetch: only "Authorization" is removed when a redirect leaves the origin
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

/** Shows only the path of the address: errors are logged, and a query may hold a key. */
export function unreachable(
  address: string,
  why: string,
  hint: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): LimbeckError {
  const url = shownAddress(address);
  // The platform's own message has the address too.
  const said = why.replaceAll(address, url).replace(/[\w+.-]+:\/\/\S+/g, shownAddress);
  const sentence = `The model at ${url} could not be loaded: ${said.replace(/\.$/, '')}. ${hint}`;
  return new LimbeckError('model-unreachable', sentence, {
    details: { url, status },
    cause: said === why ? cause : undefined,
  });
}

export function networkHint(address: string): string {
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
