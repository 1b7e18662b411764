import { LimbeckError } from '../../../core/errors.ts';
import type { Store } from '../../../storage/store.ts';
import type { Places } from './places.ts';
import { addedByImport, type Head, type State, writeHead } from './state.ts';

/**
 * Finishes what a crash left half done, under the lock: undoes an import, deletes versions that were not finished or that
 * saw an example forgotten since, and drops both from the head. If it is killed itself, the next call goes on.
 */
export async function settle(store: Store, places: Places, read: () => Promise<State>): Promise<State> {
  const state = await read();
  const isChanged = await endImport(store, places, state.head);
  for (const key of state.leftovers) await store.delete(places.versions + key);
  const head = tidied(state);
  if (head === undefined) return isChanged ? read() : state;
  try {
    await writeHead(store, places, head);
  } catch (error) {
    // Forgetting works in a full store too: readers know that the head may name more than there is.
    if (!(error instanceof LimbeckError && error.code === 'store-full')) throw error;
  }
  return read();
}

/** Undoes an import, unless the head says that it was finished. */
export async function endImport(store: Store, places: Places, { imported }: Head): Promise<boolean> {
  const adding = await addedByImport(store, places);
  if (adding.id === undefined) return false;
  if (adding.id !== imported) {
    for (const key of adding.examples) await store.delete(places.examples + key);
    for (const key of adding.versions) await store.delete(places.versions + key);
    // Last: what it has spent stays as long as anything of it does.
    for (const key of adding.spent) await store.delete(places.spent + key);
  }
  await store.delete(places.importing);
  return true;
}

/** The head without what is gone, or undefined if nothing is. */
function tidied({ head, versions, damaged, examples, current }: State): Head | undefined {
  const there = new Set([...versions.map(({ key }) => key), ...damaged]);
  const kept = new Set(examples);
  const isGone = head.current !== null && !there.has(head.current);
  const isTidy = head.versions.every((key) => there.has(key)) && head.considered.every((key) => kept.has(key));
  if (isTidy && !isGone) return undefined;
  return {
    ...head,
    current: isGone ? (current?.key ?? null) : head.current,
    versions: head.versions.filter((key) => there.has(key)),
    // If the current version is gone, everything left has to be learned again.
    considered: isGone ? [] : head.considered.filter((key) => kept.has(key)),
  };
}
