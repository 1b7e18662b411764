import { damagedAmong } from '../../storage/damage.ts';
import type { Store } from '../../storage/store.ts';
import { keysOf, wipeProfile } from './binding.ts';
import { exclusively, exclusivelyIfFree } from './lock.ts';
import { lockName, PROFILES, placesOf, profileNames } from './places.ts';
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
    const isDamaged = async () => (await damagedAmong(store, [places.binding])).length > 0;
    if (await isDamaged()) damaged.push(name);
    else {
      await exclusivelyIfFree(lockName(store, name), async () => {
        const isBound = (await store.size(places.binding).catch(() => 0)) !== undefined;
        if (!isBound) await wipeProfile(store, places);
      });
    }
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
  await store.delete(places.binding);
  const tabs = openTabs(lock, () => undefined);
  tabs.tell('destroyed');
  try {
    await exclusively(lock, () => wipeProfile(store, places));
  } finally {
    tabs.close();
  }
}
