import type { Store } from '../../storage/store.ts';
import { wipeProfile } from './binding.ts';
import { exclusively } from './lock.ts';
import { lockName, PROFILES, placesOf, profileNames } from './places.ts';
import { openTabs } from './tabs.ts';

/** The names of the profiles in a store, in order. */
export async function listProfiles(store: Store): Promise<string[]> {
  return profileNames(await store.keys(PROFILES));
}

/**
 * Deletes a profile without opening it: for one that is damaged, or whose base is gone. None of that name is fine.
 * Throws    invalid-option: the name · what the store throws
 */
export async function destroyProfile(store: Store, name = 'default'): Promise<void> {
  const places = placesOf(name);
  const lock = lockName(store, name);
  await store.delete(places.binding);
  const tabs = openTabs(lock, () => undefined);
  tabs.tell('destroyed');
  try {
    await exclusively(lock, () => wipeProfile(store, places));
  } finally {
    tabs.close();
  }
}
