import type { Store } from '../../storage/store.ts';
import { chance, markOf, newVersionKey, type Places } from './places.ts';
import type { ProfileFile } from './profileFile.ts';
import { packRecord } from './record.ts';
import { endImport } from './settle.ts';
import { type Head, type State, writeHead } from './state.ts';
import type { Versions } from './versions.ts';

/**
 * Adds what a file holds, under the lock. What is going to be added is written down first and counts only once the head
 * says that the import was finished: killed before, the next opening takes it back.
 */
export async function importFile(
  file: ProfileFile,
  parts: {
    readonly store: Store;
    readonly places: Places;
    readonly versions: Versions;
    readonly read: () => Promise<State>;
  },
  state: State,
): Promise<void> {
  const { store, places, versions } = parts;
  const { head } = state;
  const id = chance();
  const examples = [...file.examples.keys()].filter((key) => !state.examples.includes(key));
  const renamed = newKeys(file, head);
  const added = file.versions.filter(({ key }) => !head.versions.includes(renamed.get(key) as string));
  const addedKeys = added.map(({ key }) => renamed.get(key) as string);
  try {
    await store.put(places.importing, await packRecord('importing', { id, examples, versions: addedKeys }));
    for (const key of examples) await store.put(places.examples + key, file.examples.get(key) as Uint8Array);
    for (const { key, head: said, patch } of added) await versions.write(renamed.get(key) as string, said, patch);
    await writeHead(store, places, {
      current: (file.current === null ? undefined : renamed.get(file.current)) ?? head.current,
      versions: [...head.versions, ...addedKeys],
      last: head.last + added.length,
      considered: considered(file, state),
      imported: id,
    });
  } catch (error) {
    // Whatever stopped it: as it was before. Where that does not succeed either, the next opening does it.
    const undo = async () => endImport(store, places, (await parts.read()).head);
    await undo().catch(() => undefined);
    throw error;
  }
  await endImport(store, places, { ...head, imported: id });
}

/** A version from elsewhere has not seen what is here: then all is to be learned anew. */
function considered(file: ProfileFile, { head, examples }: State): readonly string[] {
  if (file.current === null) return [...new Set([...head.considered, ...file.considered])];
  return examples.every((key) => file.considered.includes(key)) ? file.considered : [];
}

/** What the file's versions are called here: behind those that are there, unless they came from here. */
function newKeys(file: ProfileFile, { versions, last }: Head): Map<string, string> {
  const here = new Map(versions.map((key) => [markOf(key), key]));
  let number = last;
  return new Map(file.versions.map(({ key }) => [key, here.get(markOf(key)) ?? newVersionKey(++number, markOf(key))]));
}
