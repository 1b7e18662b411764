import { LimbeckError, messageOf } from '../../../core/errors.ts';
import type { Store } from '../../../storage/store.ts';
import { shortHash } from '../../../student/patch/patchMismatch.ts';
import type { Keeps } from '../profile.ts';
import { exclusivelyIfFree } from './lock.ts';
import { chance, lockName, type Places } from './places.ts';
import { isDamage, isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';
import { readHead } from './state.ts';

/** What a profile is bound to since its first opening. */
export interface Binding {
  /** The base, as `baseHash` gives it. */
  readonly base: string;
  readonly keeps: Keeps;
  /** Names of the base's classes, in their order. */
  readonly labels: readonly string[];
  /** Tells a profile from a destroyed one of the same name. */
  readonly mark: string;
}

/**
 * The binding in the store, or undefined where there is no profile: neither it nor its copy.
 * Throws    profile-invalid: what there is of the two is damaged
 */
export async function readBinding(store: Store, places: Places, name: string): Promise<Binding | undefined> {
  const what = `What the profile "${name}" belongs to`;
  let damage: unknown;
  for (const key of [places.binding, places.bindingCopy]) {
    const bytes = await readValue(store, key);
    if (bytes === undefined) continue;
    try {
      return await bindingOf(bytes, what);
    } catch (error) {
      damage ??= error;
    }
  }
  if (damage === undefined) return undefined;
  throw new LimbeckError(
    'profile-invalid',
    `${messageOf(damage)} Remove it with destroyProfile(store, "${name}"), then import a copy where there is one.`,
    { details: { name }, cause: damage },
  );
}

/** Whether there is a profile, even a damaged one, other than the one with the mark `gone`. */
export async function isBound(store: Store, places: Places, name: string, gone?: string): Promise<boolean> {
  try {
    const bound = await readBinding(store, places, name);
    return bound !== undefined && bound.mark !== gone;
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

/** Ends a profile: it is gone when both are deleted. The copy goes first, so that a copy alone means that the other was lost. */
export async function unbind(store: Store, { binding, bindingCopy }: Places): Promise<void> {
  await store.delete(bindingCopy);
  await store.delete(binding);
}

/** Writes the binding and its copy where one of them is missing or damaged; the copy first, as the other one counts. */
async function mend(store: Store, places: Places, bound: Binding): Promise<void> {
  const right = await packRecord('binding', bound);
  for (const key of [places.bindingCopy, places.binding]) {
    const there = await readValue(store, key);
    if (there?.length === right.length && there.every((byte, i) => byte === right[i])) continue;
    await store.put(key, right).catch((error: unknown) => {
      // One of the two is enough; a full store gets the other when it has room again.
      if (!(error instanceof LimbeckError && error.code === 'store-full')) throw error;
    });
  }
}

/** Throws    profile-invalid: damaged; `what` names it */
export async function bindingOf(bytes: Uint8Array, what: string): Promise<Binding> {
  const { head } = await readRecord(bytes, 'binding', what);
  const { base, keeps, labels, mark } = head as Partial<Binding>;
  if (typeof base !== 'string' || (keeps !== 'features' && keeps !== 'examples') || !isTexts(labels)) {
    throw recordError(what, 'it does not say what it belongs to');
  }
  return { base, keeps, labels, mark: String(mark) };
}

/** What an opening asks for; what it leaves open is as the profile has it. */
export interface Wanted {
  readonly base: string;
  readonly keeps?: Keeps;
  readonly labels?: readonly string[];
}

/**
 * Binds a profile to its base where that was not done before; `unnamed` are labels where none are given.
 * Throws    as `checkBinding`, and profile-invalid: the binding is damaged
 */
export async function bind(
  store: Store,
  places: Places,
  name: string,
  wanted: Wanted,
  unnamed: readonly string[],
  alone: (work: () => Promise<Binding>) => Promise<Binding>,
): Promise<Binding> {
  const what = `The profile "${name}"`;
  const find = async () => {
    const bound = await readBinding(store, places, name);
    if (bound !== undefined) checkBinding(bound, wanted, what);
    return bound;
  };
  const make = async () => {
    // What lies there without a binding is of one that was destroyed.
    await wipeProfile(store, places, name);
    const { base, keeps = 'features', labels = unnamed } = wanted;
    const binding = { base, keeps, labels, mark: chance() };
    for (const key of [places.binding, places.bindingCopy]) await store.put(key, await packRecord('binding', binding));
    return binding;
  };
  const bound = await find();
  if (bound === undefined) return alone(async () => (await find()) ?? make());
  // If another tab is at work, a later opening does it.
  await exclusivelyIfFree(lockName(store, name), async () => {
    if ((await readBinding(store, places, name))?.mark === bound.mark) await mend(store, places, bound);
  });
  return bound;
}

/**
 * Deletes everything of an ended profile, under the lock. If there is a profile again, another tab made a new one
 * meanwhile, and wiped before; one with the mark `gone` is the ended one, which a tab was mending at that moment.
 */
export async function wipeProfile(store: Store, places: Places, name: string, gone?: string): Promise<void> {
  if (await isBound(store, places, name, gone)) return;
  await unbind(store, places);
  // Without the secret no tab keeps another answer, so the list below is complete.
  await store.delete(places.secret);
  for (const key of await keysOf(store, places)) await store.delete(key);
}

/**
 * Every key under a profile's name but its binding and the copy, the head last; with those that it knows of and that are
 * damaged, so that an encrypted store cannot list them. What cannot be listed cannot be deleted: ask this before the first
 * deletion.
 */
export async function keysOf(store: Store, places: Places): Promise<string[]> {
  const { folder, head, importing, binding, bindingCopy, secret, examples, versions, spent } = places;
  const known = await readHead(await readValue(store, head), []);
  const listed = await store.keys(folder);
  const named = [
    ...known.considered.map((key) => examples + key),
    ...known.versions.map((key) => versions + key),
    ...(known.spent ?? []).map((key) => spent + key),
    ...[importing, secret],
  ];
  const keys = new Set([...listed, ...named]);
  for (const key of [binding, bindingCopy, head]) keys.delete(key);
  return [...keys, head];
}

/**
 * Throws    patch-mismatch: another base · class-mismatch: other labels · invalid-option: it keeps something else;
 *           `what` names the one that is bound
 */
export function checkBinding(
  bound: Binding,
  { base, keeps = bound.keeps, labels = bound.labels }: Wanted,
  what: string,
): void {
  checkHash(bound.base, base, what);
  if (bound.labels.length !== labels.length || bound.labels.some((label, i) => label !== labels[i])) {
    throw new LimbeckError(
      'class-mismatch',
      `${what} names the base's classes ${bound.labels.join(', ')}; "labels" are ${labels.join(', ')}. ` +
        'Nothing was changed. Give the same labels in the same order, and translate them where they are shown.',
      { details: { bound: bound.labels, given: labels } },
    );
  }
  if (bound.keeps === keeps) return;
  throw new LimbeckError(
    'invalid-option',
    `${what} keeps ${bound.keeps}, and "keeps" is '${keeps}'. Nothing was changed. Give keeps: ` +
      `'${bound.keeps}', or use a profile of another name.`,
    { details: { name: 'keeps', bound: bound.keeps, value: keeps } },
  );
}

/** Throws    patch-mismatch: of another base */
export function checkHash(bound: string, base: string, what: string): void {
  if (bound === base) return;
  throw new LimbeckError(
    'patch-mismatch',
    `${what} belongs to the base ${shortHash(bound)}, and was given together with the base ${shortHash(base)}. Nothing ` +
      'was changed. Give the student that it was made with; for another student use a profile of another name.',
    { details: { bound, base } },
  );
}
