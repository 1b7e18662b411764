import { LimbeckError } from '../core/errors.ts';
import { innerPath } from '../core/innerPath.ts';
import { filePath, leavesFolder } from '../core/node.ts';
import { type Address, addressOf, isRequest, parseAddress, shownAddress } from './address.ts';

/**
 * The source of a file that another file names, in the same folder of the same server or below it. It is requested as that
 * file was: with the query of its address (a signature for every file of the folder) and the headers and credentials of its
 * Request.
 * Throws    model-unreachable: the source has no folder, such as a blob, or the path leaves the folder, which the caller checks first, or is a link out of it
 */
export function sourceBeside(path: string, source: Address): string | Request {
  const inner = innerPath(path);
  const base = parseAddress(addressOf(source));
  const relative = inner?.split('/').map(encodeURIComponent).join('/');
  const url = relative === undefined || base === undefined ? undefined : parseAddress(`./${relative}`, base.href);
  const [own, beside] = [base, url].map((one) => one && filePath(one.href));
  const isOutside = own !== undefined && beside !== undefined && leavesFolder(beside, own);
  if (url === undefined || base === undefined || isOutside) {
    const address = shownAddress(addressOf(source)).slice(0, 200);
    throw new LimbeckError(
      'model-unreachable',
      `"${path}" cannot be looked for beside ${address}, which lies in no folder that holds it. Give all files instead.`,
      { details: { path, url: address } },
    );
  }
  url.search = base.search;
  if (!isRequest(source)) return url.href;
  const { headers, credentials, mode, cache, redirect, referrerPolicy } = source;
  return new Request(url.href, { headers, credentials, mode, cache, redirect, referrerPolicy });
}
