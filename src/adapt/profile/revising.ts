import { LimbeckError } from '../../core/errors.ts';
import type { Store } from '../../storage/store.ts';
import { idOf, type Places } from './places.ts';
import { type State, writeHead } from './state.ts';
import type { StoredVersion } from './versions.ts';

/** Under the lock. Throws    invalid-option: no such version */
export async function rollBack(store: Store, places: Places, state: State, number: number): Promise<void> {
  const { head, versions, examples } = state;
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

/**
 * Deletes an example, without the lock: it must not wait for a learning that is underway. From then on no version counts
 * that saw it. Gives those versions. Throws    invalid-option: no such example
 */
export async function deleteExample(
  store: Store,
  places: Places,
  { examples, versions }: State,
  id: string,
  forgetAnswers: () => Promise<void>,
): Promise<StoredVersion[]> {
  const keys = examples.filter((key) => idOf(key) === id);
  if (keys.length === 0) {
    throw new LimbeckError('invalid-option', `The profile holds no example "${String(id)}"; examples() lists them.`, {
      details: { name: 'id', value: String(id) },
    });
  }
  // Before: once the example is gone, nobody would look for what was said of it.
  await forgetAnswers();
  for (const key of keys) await store.delete(places.examples + key);
  return versions.filter((version) => version.exampleKeys.some((key) => keys.includes(key)));
}

/** Finished versions that cannot be read may have seen anything; with an example they go too. */
export async function deleteDamaged(store: Store, places: Places, { damaged }: State): Promise<void> {
  for (const key of damaged) await store.delete(places.versions + key);
}
