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

/** An address as it may be told, and logged: without who asks, a signature, and whatever else stands behind the path. */
export function shownAddress(address: string): string {
  if (/^data:/i.test(address)) return 'data:…';
  const [place = ''] = address.split(/[?#]/);
  return place.replace(/^([\w+.-]*:)?([\\/]{2})[^\\/]*@/, '$1$2');
}

/** Whether the page must ask that server's leave to read its answer. */
export function isCrossOrigin(address: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && (parseAddress(address)?.origin ?? origin) !== origin;
}
