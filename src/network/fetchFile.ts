import { throwIfAborted } from '../core/errors.ts';
import { type Address, addressOf } from './address.ts';
import type { DownloadOptions } from './download.ts';
import { requestFile } from './requestFile.ts';

/**
 * The bytes at an address; a connection that breaks is taken up again where the server allows it.
 * Throws    model-unreachable · out-of-memory · AbortError
 */
export async function fetchFile(source: Address, options: Partial<DownloadOptions> = {}): Promise<Uint8Array> {
  throwIfAborted(options.signal);
  const address = addressOf(source);
  const asking = requestFile(source, address, options.signal);
  const [response, { download }] = await Promise.all([asking, import('./download.ts')]);
  return (await download(source, address, response, { onProgress: () => undefined, ...options })).bytes;
}
