import { messageOf } from '../../../core/errors.ts';
import type { NamedArrays } from '../../../core/shape.ts';
import type { Opened } from '../opened.ts';
import type { ProfileSpend } from '../privacy.ts';
import type { ProfileLearner, ProfileVersion } from '../profile.ts';
import type { Archive } from '../storage/archive.ts';
import { checkBinding } from '../storage/binding.ts';
import { EVERYTHING, hasUnwritten, packSpend } from '../storage/ledger.ts';
import { chance, idOf, markOf, newSpendKey, newVersionKey } from '../storage/places.ts';
import { type FileExample, type ProfileFile, readProfileFile } from '../storage/profileFile.ts';
import { packRecord, recordError } from '../storage/record.ts';
import { endImport } from '../storage/settle.ts';
import { type Head, type State, writeHead } from '../storage/state.ts';
import { asBatch } from './exampleInput.ts';
import { toldVersion } from './told.ts';

/** Adds what a profile's file holds. Throws    as `Profile.importBytes` */
export async function importBytes(
  { archive, learner, changed, learnSoon }: Opened,
  bytes: Uint8Array,
): Promise<ProfileVersion> {
  const file = await readProfileFile(bytes);
  const { binding } = archive;
  checkBinding(file.binding, binding, 'The profile’s file');
  await archive.alone(async () => importFile(file, archive, learner.inputs, await archive.settle()));
  changed();
  const state = await archive.read();
  if (state.isDue) learnSoon();
  return toldVersion(state.current, binding.labels);
}

/**
 * Adds what a file holds, under the lock. What will be added is recorded first, and counts only once the head says that the
 * import was finished: if the page dies before, the next opening undoes it. Damaged records here are repaired first: a
 * key's value never changes, so the file's sound copy is right in any case.
 * Throws    profile-invalid: examples that do not fit the base, or those here
 */
async function importFile(
  file: ProfileFile,
  archive: Archive,
  inputs: ProfileLearner['inputs'],
  state: State,
): Promise<void> {
  const { store, places, journal, ledger, versions } = archive;
  const { head } = state;
  await checkFit(file, archive, inputs, state);
  const id = chance();
  const examplesHere = new Set(state.examples);
  const examples = [...file.examples.keys()].filter((key) => !examplesHere.has(key));
  const renamed = newKeys(file, head);
  const versionsHere = new Set(head.versions);
  const added = file.versions.filter(({ key }) => !versionsHere.has(renamed.get(key) as string));
  const addedKeys = added.map(({ key }) => renamed.get(key) as string);
  const shared = [...file.examples.keys()].filter((key) => examplesHere.has(key));
  const sound = new Set((await journal.read(shared)).map(({ key }) => key));
  for (const key of shared.filter((one) => !sound.has(one))) {
    await store.put(places.examples + key, (file.examples.get(key) as FileExample).bytes);
  }
  for (const { key, head: said, patch } of file.versions) {
    const here = renamed.get(key) as string;
    if (state.damaged.includes(here)) await versions.write(here, said, patch);
  }
  const ledgerHere = await ledger.entries(state.spent);
  for (const { key, isSound } of ledgerHere) {
    const spend = isSound ? undefined : file.spent.get(key);
    if (spend !== undefined) await store.put(places.spent + key, await packSpend(spend));
  }
  const spends = newSpends(file.spent, added.length > 0, state);
  const spent = [...spends.keys()];
  try {
    await store.put(places.importing, await packRecord('importing', { id, examples, versions: addedKeys, spent }));
    // Before what was learned for them can be seen.
    for (const [key, spend] of spends) await store.put(places.spent + key, await packSpend(spend));
    for (const key of examples) await store.put(places.examples + key, (file.examples.get(key) as FileExample).bytes);
    for (const { key, head: said, patch } of added) await versions.write(renamed.get(key) as string, said, patch);
    await writeHead(store, places, {
      current: (file.current === null ? undefined : renamed.get(file.current)) ?? head.current,
      versions: [...head.versions, ...addedKeys],
      last: head.last + added.length,
      considered: considered(file, state),
      imported: id,
      spent: [...state.spent, ...spent],
    });
  } catch (error) {
    // Undo it. If that fails too, the next opening does it.
    const undo = async () => endImport(store, places, (await archive.read()).head);
    await undo().catch(() => undefined);
    throw error;
  }
  await endImport(store, places, { ...head, imported: id });
}

/** What was spent there is spent here too. If only one side has a ledger, the other's versions had no noise. */
function newSpends(spent: ProfileFile['spent'], isAdding: boolean, state: State): ReadonlyMap<string, ProfileSpend> {
  const here = new Set(state.spent);
  const spends = new Map([...spent].filter(([key]) => !here.has(key)));
  const isMixed = spent.size === 0 ? here.size > 0 && isAdding : hasUnwritten(state);
  return isMixed ? spends.set(newSpendKey(), EVERYTHING) : spends;
}

/** A version from elsewhere has not seen the examples here: then everything is due. */
function considered(file: ProfileFile, { head, examples }: State): readonly string[] {
  if (file.current === null) return [...new Set([...head.considered, ...file.considered])];
  const known = new Set(file.considered);
  return examples.every((key) => known.has(key)) ? file.considered : [];
}

/** An example that does not fit could displace all others, which do not fit it. */
async function checkFit(
  { examples }: ProfileFile,
  { journal, binding }: Archive,
  inputs: ProfileLearner['inputs'],
  state: State,
): Promise<void> {
  let needed: ProfileLearner['inputs'] | undefined = binding.keeps === 'examples' ? inputs : undefined;
  for (const key of needed === undefined ? state.examples : []) {
    const [here] = await journal.read([key]);
    if (here === undefined) continue;
    needed = featureShape(here.arrays);
    break;
  }
  for (const [key, { arrays }] of examples) {
    needed ??= featureShape(arrays);
    try {
      // `asBatch` takes examples as a person gives them.
      const given = Object.entries(arrays).map(([name, { data, shape }]) => [name, { data, shape: shape.slice(1) }]);
      asBatch(Object.fromEntries(given), needed);
    } catch (error) {
      throw recordError(`The example "${idOf(key)}" of the profile’s file`, `it does not fit: ${messageOf(error)}`);
    }
  }
}

/** What the file's versions are called here: behind those that are there, unless they came from here. */
function newKeys(file: ProfileFile, { versions, last }: Head): Map<string, string> {
  const here = new Map(versions.map((key) => [markOf(key), key]));
  let number = last;
  return new Map(file.versions.map(({ key }) => [key, here.get(markOf(key)) ?? newVersionKey(++number, markOf(key))]));
}

function featureShape(arrays: NamedArrays): ProfileLearner['inputs'] {
  return { features: (arrays['features']?.shape ?? []).slice(1) };
}
