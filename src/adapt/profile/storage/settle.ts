import { LimbeckError } from '../../../core/errors.ts';
import type { Store } from '../../../storage/store.ts';
import type { Places } from './places.ts';
import { addedByImport, type Head, type State, writeHead } from './state.ts';

/**
 * Finishes what a crash left half done, under the lock: takes back an import, deletes versions that were not finished or
 * that saw an example which was forgotten since, and drops both from the head. Where it is killed itself, it goes on the
 * next time.
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
    // Forgetting works in a full store too: the head says more than there is, and readers know that.
    if (!(error instanceof LimbeckError && error.code === 'store-full')) throw error;
  }
  return read();
}

/** Takes back what an import has added, unless the head says that it was finished. */
export async function endImport(store: Store, places: Places, { imported }: Head): Promise<boolean> {
  const adding = await addedByImport(store, places);
  if (adding.id === undefined) return false;
  if (adding.id !== imported) {
    for (const key of adding.examples) await store.delete(places.examples + key);
    for (const key of adding.versions) await store.delete(places.versions + key);
    // Last: as long as anything of it is there, so is what it has spent.
    for (const key of adding.spent) await store.delete(places.spent + key);
  }
  await store.delete(places.importing);
  return true;
}

/** The head without what is gone, or undefined where it says nothing else. */
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
    // Where the version that predicted is gone, all that is left has to be learned anew.
    considered: isGone ? [] : head.considered.filter((key) => kept.has(key)),
  };
}
