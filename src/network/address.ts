import { fileAddress } from '../core/node.ts';

/** The address of a file on a server, or in Node the path of a file. A Request also sets headers and credentials. */
export type Address = string | URL | Request;

/** By its tag, so that a Request of another frame counts too. */
export function isRequest(source: unknown): source is Request {
  return Object.prototype.toString.call(source) === '[object Request]';
}

export function isAddress(source: unknown): source is Address {
  return typeof source === 'string' || isRequest(source) || Object.prototype.toString.call(source) === '[object URL]';
}

/** The absolute address without its fragment. One that cannot be resolved stays as it is; fetch says what is wrong with it. */
export function addressOf(source: Address): string {
  const text = isRequest(source) ? source.url : String(source);
  const base = (globalThis.document as Document | undefined)?.baseURI ?? globalThis.location?.href;
  return parseAddress(fileAddress(text) ?? text, base)?.href.replace(/#.*$/, '') ?? text;
}

/** The last part of an address, or ''. */
export function fileNameOf(address: string): string {
  const [place = ''] = address.split(/[?#]/);
  const path = place.replace(/^[\w+.-]+:\/\/[^/]*/, '');
  return path.split('/').at(-1) ?? '';
}

/** The resolved address; undefined if the text is no address. */
export function parseAddress(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** An address that may be shown and logged: without user name, password, query and fragment. */
export function shownAddress(address: string): string {
  if (/^data:/i.test(address)) return 'data:…';
  const [place = ''] = address.split(/[?#]/);
  return place.replace(/^([\w+.-]*:)?([\\/]{2})[^\\/]*@/, '$1$2');
}

/** Whether the address is of another origin, whose server must allow the page to read its answer. */
export function isCrossOrigin(address: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && (parseAddress(address)?.origin ?? origin) !== origin;
}
