import { throwIfAborted } from '../core/errors.ts';
import { type Address, addressOf } from './address.ts';
import type { ReadOptions } from './readResponse.ts';
import { requestFile } from './requestFile.ts';

/**
 * The bytes at an address.
 * Throws    model-unreachable · out-of-memory · AbortError
 */
export async function fetchFile(source: Address, options: Partial<ReadOptions> = {}): Promise<Uint8Array> {
  throwIfAborted(options.signal);
  const address = addressOf(source);
  const asking = requestFile(source, address, options.signal);
  const [response, { readResponse }] = await Promise.all([asking, import('./readResponse.ts')]);
  return readResponse(response, address, { onProgress: () => undefined, ...options });
}
