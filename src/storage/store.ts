import { LimbeckError, messageOf } from '../core/errors.ts';
import { checkKnownOptions } from '../core/options.ts';
import { indexedDbObstacle, openIndexedDb } from './indexeddb.ts';
import { checkName, type Medium, storeOver } from './medium.ts';
import { openMemory } from './memory.ts';
import { openOpfs, opfsObstacle } from './opfs.ts';

export type StoreKind = 'opfs' | 'indexeddb' | 'memory';

/**
 * Named bytes that survive a reload (those of kind `memory` do not). Keys are names separated by slashes, in any
 * language; no name may be empty, "." or "..".
 * Throws    invalid-option: a key of another form · store-failed: the platform refused · disposed: used after disposal
 */
export interface Store extends AsyncDisposable {
  readonly name: string;
  readonly kind: StoreKind;
  /** A sentence that says why the bytes are kept in this kind of store. */
  readonly why: string;
  /** The caller's own copy of the value, or undefined where there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * The bytes of a value from `start` up to, not including, `end`, as far as there are any; undefined where there is no
   * value. OPFS reads only these bytes; IndexedDB reads the whole value for them.
   */
  getRange(key: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a copy of `bytes` as they are at the call. Readers see the old value or the new one, never a half.
   * Throws    store-full: the browser gives no more room; the old value stays
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Removes a value; a missing key is fine. */
  delete(key: string): Promise<void>;
  /** The keys that start with `prefix`, any string, ordered by UTF-16 code units. */
  keys(prefix?: string): Promise<string[]>;
  /** Length of a value in bytes, without reading it; undefined where there is none. */
  size(key: string): Promise<number | undefined>;
}

/** Where a store is to keep its bytes. */
export interface OpenStoreOptions {
  /**
   * `auto` takes the first that opens of OPFS, IndexedDB and memory. A kind is one place: what was put into one is not
   * found in another, and a window and a worker need not offer the same. Default auto.
   */
  readonly kind?: 'auto' | StoreKind;
}

interface Place {
  readonly title: string;
  /** A clause that says what is missing, or undefined where nothing is. */
  readonly obstacle: () => string | undefined;
  readonly open: (name: string) => Promise<Medium>;
}

/** The places in the order in which `auto` tries them. */
const places: Readonly<Record<StoreKind, Place>> = {
  opfs: { title: 'OPFS', obstacle: opfsObstacle, open: openOpfs },
  indexeddb: { title: 'IndexedDB', obstacle: indexedDbObstacle, open: openIndexedDb },
  memory: { title: 'Memory', obstacle: () => undefined, open: openMemory },
};
const kinds = Object.keys(places) as StoreKind[];

/**
 * Opens the store of that name, or makes it. Everything of one origin that opens the same name and kind shares it,
 * save for memory, where each call makes an empty one.
 * Throws    invalid-option: name or kind · store-unavailable: the kind asked for is not offered here
 */
export async function openStore(name: string, options: OpenStoreOptions = {}): Promise<Store> {
  checkKnownOptions(options, ['kind'], 'openStore');
  const { kind = 'auto' } = options;
  checkName(name, 'store name');
  checkKind(kind);
  const reasons: string[] = [];
  for (const candidate of kind === 'auto' ? kinds : [kind]) {
    const medium = await tryToOpen(places[candidate], name, reasons);
    if (medium) return storeOver(medium, name, whyThis(places[candidate].title, kind, reasons));
  }
  throw new LimbeckError(
    'store-unavailable',
    `The store "${name}" cannot be opened as "${kind}": ${reasons.join('; ')}. ` +
      'Leave "kind" at "auto", or ask for another: ' +
      `${kinds.filter((other) => other !== kind).join(', ')}.`,
    { details: { name, kind, reason: reasons.join('; ') } },
  );
}

/** The opened medium, or undefined and one more reason. */
async function tryToOpen(place: Place, name: string, reasons: string[]): Promise<Medium | undefined> {
  const obstacle = place.obstacle();
  if (obstacle === undefined) {
    try {
      return await place.open(name);
    } catch (error) {
      reasons.push(`${place.title} could not be opened (${messageOf(error)})`);
    }
  } else {
    reasons.push(obstacle);
  }
}

function whyThis(title: string, kind: 'auto' | StoreKind, reasons: readonly string[]): string {
  if (kind !== 'auto') return `${title} was asked for.`;
  return reasons.length === 0 ? `${title} is offered by this browser.` : `${reasons.join('; ')}.`;
}

function checkKind(kind: string): void {
  if (kind === 'auto' || kinds.some((known) => known === kind)) return;
  throw new LimbeckError('invalid-option', `"kind" was ${String(kind)}; it must be one of auto, ${kinds.join(', ')}.`, {
    details: { name: 'kind', value: String(kind), known: ['auto', ...kinds] },
  });
}
