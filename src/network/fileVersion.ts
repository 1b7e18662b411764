// What a server says of a file by which the rest of it can be asked for, and told from that of another version.
import { isCrossOrigin } from './address.ts';

/** A version of a file on a server. */
export interface FileVersion {
  readonly totalBytes: number;
  /** A strong one: the same for the same bytes only. */
  readonly etag?: string;
  readonly lastModified?: string;
}

/**
 * What a whole response says of its file; undefined if its rest could not be told from that of another file: it is
 * compressed, so that positions are not those of the file, or has no length or no version.
 * Source    RFC 9110, sections 8.8 and 14
 */
export function versionOf({ status, headers }: Response, address: string): FileVersion | undefined {
  const totalBytes = Number(headers.get('content-length'));
  const isWhole = status === 200 && headers.get('content-encoding') === null && totalBytes > 0;
  if (!isWhole || headers.get('accept-ranges') === 'none') return undefined;
  const etag = strongEtag(headers);
  // Another origin may hide that its response is compressed, but then its strong ETag is that of the compressed bytes.
  if (isCrossOrigin(address)) return etag === undefined ? undefined : { totalBytes, etag };
  const lastModified = headers.get('last-modified') ?? undefined;
  return etag === undefined && lastModified === undefined ? undefined : { totalBytes, etag, lastModified };
}

/** The headers that ask for the bytes from a position on; a server whose file changed answers with all of the new one. */
export function rangeHeaders(from: number, version: FileVersion, address: string): Record<string, string> {
  const range = `bytes=${from}-`;
  // "If-Range" would have to be allowed by another origin's server first; there the versions are only compared.
  if (isCrossOrigin(address)) return { range };
  return { range, 'if-range': version.etag ?? version.lastModified ?? '' };
}

/** Whether a response is the rest of this version, from a position on. */
export function isRestOf({ status, headers }: Response, from: number, version: FileVersion, address: string): boolean {
  if (status !== 206 || headers.get('content-encoding') !== null) return false;
  const expected = `bytes ${from}-${version.totalBytes - 1}/${version.totalBytes}`;
  const isPlaced = headers.get('content-range') === expected;
  const etag = strongEtag(headers);
  const isSame =
    version.etag === undefined
      ? headers.get('last-modified') === version.lastModified
      : etag === version.etag || (etag === undefined && !isCrossOrigin(address));
  return isPlaced && isSame;
}

function strongEtag(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  return etag?.startsWith('"') ? etag : undefined;
}
