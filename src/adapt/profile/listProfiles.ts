import type { Store } from '../../storage/store.ts';
import { isBound, keysOf, readBinding, unbind, wipeProfile } from './storage/binding.ts';
import { exclusively, exclusivelyIfFree } from './storage/lock.ts';
import { lockName, PROFILES, placesOf, profileNames } from './storage/places.ts';
import { ifDamage } from './storage/record.ts';
import { openTabs } from './tabs.ts';

/**
 * The names of the profiles in a store, in order; with those that are damaged, which `destroyProfile` removes. Finishes
 * a destruction that a crash cut short.
 */
export async function listProfiles(store: Store): Promise<string[]> {
  const { bound, unbound } = profileNames(await store.keys(PROFILES));
  const damaged: string[] = [];
  for (const name of unbound) {
    const places = placesOf(name);
    if (await isBound(store, places, name)) damaged.push(name);
    else await exclusivelyIfFree(lockName(store, name), () => wipeProfile(store, places, name));
  }
  return [...bound, ...damaged].sort();
}

/**
 * Deletes a profile without opening it: for one that is damaged, or whose base is gone. None of that name is fine.
 * Throws    invalid-option: the name · what the store throws
 */
export async function destroyProfile(store: Store, name = 'default'): Promise<void> {
  const places = placesOf(name);
  const lock = lockName(store, name);
  await keysOf(store, places);
  const bound = await readBinding(store, places, name).catch(ifDamage);
  await unbind(store, places);
  const tabs = openTabs(lock, () => undefined);
  tabs.tell('destroyed');
  try {
    await exclusively(lock, () => wipeProfile(store, places, name, bound?.mark));
  } finally {
    tabs.close();
  }
}
