import type { Store } from '../../storage/store.ts';
import type { Address } from '../address.ts';
import { addressOf } from '../address.ts';
import type { Integrity } from '../integrity.ts';
import type { FileProgress } from '../readResponse.ts';
import { fetchCached } from './fetchCached.ts';
import { type ModelCache, toModelCache } from './modelCache.ts';
import { touchModel } from './modelCacheSpace.ts';

/** How a file of a model is fetched: its bytes, checked. */
export type FetchFile = (
  source: Address,
  name: string,
  options: { readonly integrity?: Integrity | undefined; readonly onProgress: FileProgress },
) => Promise<Uint8Array>;

/** The files of one model. */
export interface KeptFiles {
  /** The first that is fetched is the model, the others lie beside it. */
  readonly fetch: FetchFile;
  /** Notes that the model is used, and which files lie beside it; before these are fetched. */
  use(beside: readonly Address[]): Promise<void>;
}

/**
 * Fetches a model's files through a cache, which keeps those beside it for as long as the model.
 * Throws    invalid-option: no cache
 */
export function keptFiles(
  cache: Store | ModelCache,
  { signal, notify }: { readonly signal?: AbortSignal | undefined; readonly notify: (notice: string) => void },
): KeptFiles {
  const models = toModelCache(cache);
  let address: string | undefined;
  let hash: string | undefined;
  return {
    async fetch(input, name, { integrity, onProgress }) {
      const isModel = address === undefined;
      address ??= addressOf(input);
      // Next to a model that is not kept, a file is kept for its own sake.
      const modelAddress = isModel || hash === undefined ? undefined : address;
      const found = await fetchCached({
        cache: models,
        input,
        name,
        integrity,
        modelAddress,
        signal,
        onProgress,
        notify,
      });
      if (isModel) hash = found.hash;
      return found.bytes;
    },
    async use(beside) {
      if (address === undefined || hash === undefined) return;
      const files = beside.map((file) => addressOf(file));
      for (const notice of await touchModel(models, { address, hash, files })) notify(notice);
    },
  };
}
