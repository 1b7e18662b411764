import { LimbeckError } from '../core/errors.ts';
import { storeOver } from './medium.ts';
import { openMemory } from './memory.ts';
import type { Store } from './store.ts';

/** A store in memory to look into; `put` may answer for the medium, which is asked where it gives undefined. */
export async function rawStore(
  name: string,
  faults: { put?: (key: string) => Promise<void> | undefined } = {},
): Promise<Store> {
  const medium = await openMemory(name);
  const put = (key: string, bytes: Uint8Array<ArrayBuffer>) => faults.put?.(key) ?? medium.put(key, bytes);
  return storeOver({ ...medium, put }, name, 'Memory was asked for.');
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Whether `part` lies anywhere in `whole`. */
export function holds(whole: Uint8Array, part: Uint8Array): boolean {
  return whole.some((_, start) => part.every((byte, i) => byte === whole[start + i]));
}

export async function errorOf(work: Promise<unknown>): Promise<LimbeckError> {
  const thrown = await work.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  if (thrown instanceof LimbeckError) return thrown;
  throw thrown;
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await errorOf(work)).code;
}
