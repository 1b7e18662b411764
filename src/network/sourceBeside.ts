import { innerPath } from '../core/innerPath.ts';
import { type Address, addressOf, isRequest, parseAddress } from './address.ts';

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
