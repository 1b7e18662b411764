import { LimbeckError } from '../../../core/errors.ts';
import type { Opened } from '../opened.ts';
import type { Forgotten, ProfileVersion } from '../profile.ts';
import type { Archive } from '../storage/archive.ts';
import { idOf } from '../storage/places.ts';
import { type State, writeHead } from '../storage/state.ts';
import type { StoredVersion } from '../storage/versions.ts';
import { toldVersion } from './told.ts';

/** Makes an earlier version the current one. Throws    invalid-option: no such version · AbortError */
export async function rollBack(
  { archive, idle, changed }: Opened,
  number: number,
  signal: AbortSignal,
): Promise<ProfileVersion> {
  idle.interrupt();
  await archive.alone(async () => goBack(archive, await archive.settle(), number), signal);
  changed();
  return toldVersion((await archive.read()).current, archive.binding.labels);
}

async function goBack({ store, places }: Archive, { head, versions, examples }: State, number: number): Promise<void> {
  const version = versions.find((one) => one.number === number);
  if (version === undefined && number !== 0) {
    throw new LimbeckError(
      'invalid-option',
      `There is no version ${String(number)} to go back to. There are: ` +
        `${[0, ...versions.map((one) => one.number)].join(', ')}; 0 is the base.`,
      { details: { name: 'version', value: number, known: versions.map((one) => one.number) } },
    );
  }
  await writeHead(store, places, { ...head, current: version?.key ?? null, considered: examples });
}

/** Removes an example and the versions that learned from it. Throws    invalid-option: no such example */
export async function forget(
  { archive, predicting, learning, tabs, changed, learnSoon }: Opened,
  id: string,
): Promise<Forgotten> {
  const before = await archive.read();
  // Checked after reading: what is deleted then belongs to this profile, whatever happens in between.
  const gone = await archive.whileThere(() => deleteExample(archive, before, id));
  predicting.startOver();
  learning.startOver();
  tabs.tell('forgot');
  const state = await archive.alone(async () => {
    await deleteDamaged(archive, await archive.settle());
    return archive.settle();
  });
  changed();
  if (state.isDue) learnSoon();
  return { versions: gone.map(({ number }) => number), current: toldVersion(state.current, archive.binding.labels) };
}

/** Without the lock: it must not wait for a learning that is underway. From then on no version counts that saw it. */
async function deleteExample(
  { store, places, answers }: Archive,
  { examples, versions }: State,
  id: string,
): Promise<StoredVersion[]> {
  const keys = examples.filter((key) => idOf(key) === id);
  if (keys.length === 0) {
    throw new LimbeckError('invalid-option', `The profile holds no example "${String(id)}"; examples() lists them.`, {
      details: { name: 'id', value: String(id) },
    });
  }
  // Before the example: once it is gone, nothing would lead to what teachers said of it.
  await answers.forget();
  for (const key of keys) await store.delete(places.examples + key);
  return versions.filter((version) => version.exampleKeys.some((key) => keys.includes(key)));
}

/** Finished versions that cannot be read may have seen anything; with an example they go too. */
async function deleteDamaged({ store, places }: Archive, { damaged }: State): Promise<void> {
  for (const key of damaged) await store.delete(places.versions + key);
}
