import { LimbeckError } from '../../../core/errors.ts';
import type { Store } from '../../../storage/store.ts';

const ROOT = 'profiles/';
const BINDING = '/binding';

/** Where a profile's bytes lie in its store. There is no index: the keys tell what there is. */
export interface Places {
  /** The folder of everything else, ending in a slash. */
  readonly folder: string;
  /** Which base it belongs to; as long as it or its copy is there, the profile is. */
  readonly binding: string;
  /** A copy, used if `binding` is damaged or lost. */
  readonly bindingCopy: string;
  /** Which version predicts. */
  readonly head: string;
  /** What a running import has added. */
  readonly importing: string;
  readonly examples: string;
  readonly versions: string;
  /** What learning has told about the examples, run by run. */
  readonly spent: string;
  /** Teachers' answers for the examples. */
  readonly answers: string;
  /** Among these: what their keys are hashed with, and whether they may be kept at all. */
  readonly secret: string;
}

export function placesOf(name: string): Places {
  checkSegment(name, 'profile’s name');
  const folder = `${ROOT}${name}/`;
  return {
    folder,
    binding: `${ROOT}${name}${BINDING}`,
    bindingCopy: `${ROOT}${name}${BINDING}.copy`,
    head: `${folder}head`,
    importing: `${folder}importing`,
    examples: `${folder}examples/`,
    versions: `${folder}versions/`,
    spent: `${folder}spent/`,
    answers: `${folder}answers/`,
    secret: `${folder}answers/secret`,
  };
}

/** Names of the profiles among a store's keys, and names under which something lies and no binding is listed. */
export function profileNames(keys: readonly string[]): { bound: string[]; unbound: string[] } {
  const inside = keys.filter((key) => key.startsWith(ROOT)).map((key) => key.slice(ROOT.length));
  const bound = inside.filter((key) => key.endsWith(BINDING)).map((key) => key.slice(0, -BINDING.length));
  const names = new Set(inside.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/'))));
  return { bound, unbound: [...names].filter((name) => name !== '' && !bound.includes(name)) };
}

export const PROFILES = ROOT;

/** Throws    invalid-option: what cannot be one part of a store's key */
export function checkSegment(text: string, role: string): string {
  if (isSegment(text)) return text;
  throw new LimbeckError(
    'invalid-option',
    `The ${role} was ${JSON.stringify(text) ?? String(text)}; it must be 1 to 200 characters without a slash, not "." ` +
      'or "..", and without halves of surrogate pairs.',
    { details: { name: role, value: String(text) } },
  );
}

function isSegment(text: unknown): boolean {
  const isText = typeof text === 'string' && text.length <= 200 && !/\p{Surrogate}/u.test(text);
  return isText && text !== '' && text !== '.' && text !== '..' && !text.includes('/');
}

let latest = 0;

/**
 * The last part of a new example's key: time, so that keys are in the order in which they were made, and chance, so that
 * tabs need not ask each other. The caller's id follows, because it must be known even if the value is damaged.
 */
export function newExampleKey(id: string | undefined): string {
  latest = Math.max(Date.now(), latest + 1);
  const key = latest.toString(36).padStart(9, '0') + chance();
  return id === undefined ? key : `${key}-${id}`;
}

export function newSpendKey(): string {
  return newExampleKey(undefined);
}

export function newVersionKey(number: number, mark = chance()): string {
  return `${String(number).padStart(8, '0')}-${mark}`;
}

export function isExampleKey(key: string): boolean {
  return /^[0-9a-z]{9}[0-9a-f]{12}(-.+)?$/su.test(key) && isSegment(idOf(key));
}

export function isSpendKey(key: string): boolean {
  return /^[0-9a-z]{9}[0-9a-f]{12}$/.test(key);
}

export function isVersionKey(key: string): boolean {
  return /^\d{8}-[0-9a-f]{12}$/.test(key);
}

export function idOf(exampleKey: string): string {
  return exampleKey.length > 21 ? exampleKey.slice(22) : exampleKey;
}

export function timeOf(exampleKey: string): number {
  return Number.parseInt(exampleKey.slice(0, 9), 36);
}

export function numberOf(versionKey: string): number {
  return Number(versionKey.slice(0, 8));
}

/** Identifies a version independently of its number. */
export function markOf(versionKey: string): string {
  return versionKey.slice(9);
}

/** Not from a seed: two tabs with one seed must not choose the same key. */
export function chance(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Of the lock, and of the channel between tabs. */
export function lockName({ kind, name }: Pick<Store, 'kind' | 'name'>, profile: string): string {
  return `limbeck/${kind}/${name}/${PROFILES}${profile}`;
}
