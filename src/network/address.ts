import { innerPath } from '../core/innerPath.ts';

/** What names a file on a server; a Request says with which headers and credentials it is asked for. */
export type Address = string | URL | Request;

/** Told by what it calls itself: what another frame made counts too. */
export function isRequest(source: unknown): source is Request {
  return Object.prototype.toString.call(source) === '[object Request]';
}

export function isAddress(source: unknown): source is Address {
  return typeof source === 'string' || isRequest(source) || Object.prototype.toString.call(source) === '[object URL]';
}

/** The absolute address, without its fragment; what cannot be resolved stays as it is: fetch says what is wrong with it. */
export function addressOf(source: Address): string {
  const text = isRequest(source) ? source.url : String(source);
  const base = (globalThis.document as Document | undefined)?.baseURI ?? globalThis.location?.href;
  return parseAddress(text, base)?.href.replace(/#.*$/, '') ?? text;
}

/** The last part of an address; '' where it has none. */
export function fileNameOf(address: string): string {
  const [place = ''] = address.split(/[?#]/);
  const path = place.replace(/^[\w+.-]+:\/\/[^/]*/, '');
  return path.split('/').at(-1) ?? '';
}

/** The address, resolved; undefined where it is none. */
export function parseAddress(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Whether the page must ask that server's leave to read its answer. */
export function isCrossOrigin(address: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && (parseAddress(address)?.origin ?? origin) !== origin;
}

/**
 * The source of a file that another file names, beside it or below it: on the same server, in the same folder. So it may be
 * asked for as that file was, with what its address says after the question mark (a signature, for every file of the
 * folder), and with the headers and credentials of its Request.
 * Throws    RangeError: a path that leads elsewhere, or a source that lies in no folder; who reads paths checks them first
 */
export function sourceBeside(path: string, source: Address): string | Request {
  const inner = innerPath(path);
  const base = parseAddress(addressOf(source));
  const relative = inner?.split('/').map(encodeURIComponent).join('/');
  const url = relative === undefined || base === undefined ? undefined : parseAddress(`./${relative}`, base.href);
  if (url === undefined || base === undefined)
    throw new RangeError(`"${path}" does not lie beside the file that names it`);
  url.search = base.search;
  if (!isRequest(source)) return url.href;
  const { headers, credentials, mode, cache, redirect, referrerPolicy } = source;
  return new Request(url.href, { headers, credentials, mode, cache, redirect, referrerPolicy });
}
