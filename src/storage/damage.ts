import { LimbeckError } from '../core/errors.ts';
import type { Store } from './store.ts';

/** Whether the error says that the bytes of a value are bad, not that they could not be read. */
export function isDamage(error: unknown): error is LimbeckError {
  return error instanceof LimbeckError && error.code === 'store-tampered';
}

/**
 * A value of a store. A damaged one is returned as no bytes, which every reader treats as damaged: one bad value does not stop
 * the others.
 */
export function readValue(store: Store, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return store.get(key).catch((error: unknown) => {
    if (isDamage(error)) return new Uint8Array();
    throw error;
  });
}

/** The keys whose values are damaged, not gone, so that an encrypted store cannot list them. */
export async function damagedAmong(store: Store, keys: readonly string[]): Promise<string[]> {
  const isBad = (key: string) =>
    store.size(key).then(
      () => false,
      (error: unknown) => {
        if (isDamage(error)) return true;
        throw error;
      },
    );
  const bad = await Promise.all(keys.map(isBad));
  return keys.filter((_, i) => bad[i]);
}
