import { LimbeckError, messageOf } from '../core/errors.ts';
import { isNode } from '../core/node.ts';
import { given, type OptionsOf, schema, text } from '../core/schema.ts';
import { diskObstacle, openDisk } from './disk.ts';
import { checkName, type Medium, storeOver } from './medium.ts';
import { places, type StorePlace } from './places.ts';
import type { Store, StoreKind } from './store.ts';

const OPTIONS = schema('openStore', {
  /**
   * `auto` uses the kind that has values of that name, or else the first of OPFS, IndexedDB and memory that opens. Each kind is
   * separate: a value in one is not found in another, and a window and a worker may offer different kinds. Default: 'auto'.
   */
  kind: given<'auto' | StoreKind>(checkKind),
  /**
   * A folder on the disk, in Node, Bun and Deno: the store is of kind `disk` then, and lasts. A relative path counts from the
   * working directory. Default: none, so that what is stored there ends with the process.
   */
  folder: text(),
});

/** Where a store keeps its bytes. */
export interface OpenStoreOptions extends OptionsOf<typeof OPTIONS> {}

const kinds: readonly StoreKind[] = [...(Object.keys(places) as (keyof typeof places)[]), 'disk'];
const lasting = [places.opfs, places.indexeddb];

/**
 * Opens the store of that name, or creates it. Pages and workers of one origin that open the same name and kind share it,
 * except for memory, where each call makes an empty one. In Node give a `folder`. If both OPFS and IndexedDB have values of that name, `auto` takes OPFS,
 * or IndexedDB if OPFS cannot be opened, and `why` says so.
 * Throws    invalid-option: name or kind · store-unavailable: the requested kind is not offered here; or a kind that has, or may
 *           have, values cannot be opened now, so that another kind would only seem empty: try again
 */
export async function openStore(name: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { kind = 'auto', folder } = OPTIONS.read(options);
  checkName(name, 'store name');
  if (folder !== undefined || kind === 'disk') return openOnDisk(name, kind, folder);
  if (kind === 'auto') return openWhereItLies(name);
  const reasons: string[] = [];
  const medium = await tryToOpen(places[kind], name, reasons);
  if (medium) return storeOver(medium, name, `${places[kind].title} was asked for.`);
  throw new LimbeckError(
    'store-unavailable',
    `The store "${name}" cannot be opened as "${kind}": ${reasons.join('; ')}. ` +
      `Leave "kind" at "auto", or ask for another: ${kinds.filter((other) => other !== kind).join(', ')}.`,
    { details: { name, kind, reason: reasons.join('; ') } },
  );
}

/** Throws    invalid-option: a folder for another kind, or none · store-unavailable: no Node, or a folder that cannot be used */
async function openOnDisk(name: string, kind: 'auto' | StoreKind, folder: string | undefined): Promise<Store> {
  if (folder === undefined || folder === '' || (kind !== 'auto' && kind !== 'disk')) {
    throw new LimbeckError(
      'invalid-option',
      `"kind" was ${kind} and "folder" ${JSON.stringify(folder)}; a store on the disk needs both a folder and its kind, disk, ` +
        'which may be left out.',
      { details: { name: 'folder', value: folder } },
    );
  }
  const obstacle = diskObstacle();
  const opening = obstacle === undefined ? openDisk(name, folder) : Promise.reject(new Error(obstacle));
  const medium = await opening.catch((error: unknown) => {
    const reason = messageOf(error);
    throw new LimbeckError('store-unavailable', `The store "${name}" cannot be opened in "${folder}": ${reason}.`, {
      details: { name, kind: 'disk', reason },
      cause: error,
    });
  });
  return storeOver(medium, name, 'A folder was given.');
}

/** A browser may gain OPFS with an update, or refuse it for a moment: a store may not seem empty in either case. */
async function openWhereItLies(name: string): Promise<Store> {
  const looks = await Promise.all(lasting.map((place) => look(place, name)));
  const holders = looks.filter(({ holds }) => holds).map(({ place }) => place);
  const [first] = holders;
  const unopened: string[] = [];
  for (const place of holders) {
    const medium = await tryToOpen(place, name, unopened);
    if (medium === undefined) continue;
    const others = holders.filter((other) => other !== place).map(({ title }) => title);
    // Such as a window that cannot write to a worker's kind: each uses what it can open.
    const beside = others.map((title) => `; ${title} holds others under this name, which only its kind opens`);
    const why = unopened.map((reason) => ` (${reason})`);
    return storeOver(medium, name, [`${place.title} holds the values of this store`, ...beside, ...why, '.'].join(''));
  }
  if (first !== undefined) throw unreachable(name, first.title, 'lie', unopened.join('; '));
  const unknown = looks.find(({ error }) => error !== undefined);
  if (unknown) throw unreachable(name, unknown.place.title, 'may lie', messageOf(unknown.error), unknown.error);
  const reasons: string[] = [];
  for (const place of lasting) {
    const medium = await tryToOpen(place, name, reasons);
    if (medium) return storeOver(medium, name, `${reasons.join('; ') || `${place.title} is offered by this browser`}.`);
  }
  if (isNode()) reasons.push('Node keeps values in a folder, and none was given');
  return storeOver(await places.memory.open(name), name, `${reasons.join('; ')}.`);
}

interface Look {
  readonly place: StorePlace;
  readonly holds: boolean;
  /** Why it is unknown, if there may be values. */
  readonly error?: unknown;
}

async function look(place: StorePlace, name: string): Promise<Look> {
  try {
    return { place, holds: await place.holds(name) };
  } catch (error) {
    return { place, holds: false, error: (await place.mayHold(name, error)) ? error : undefined };
  }
}

/** The opened medium, or undefined and a reason more. */
async function tryToOpen(place: StorePlace, name: string, reasons: string[]): Promise<Medium | undefined> {
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

function unreachable(name: string, title: string, lie: string, reason: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'store-unavailable',
    `The values of the store "${name}" ${lie} in ${title}, which cannot be opened now: ${reason}. Nothing was changed. ` +
      'Try again, or open the page anew; with a "kind" another store of that name is opened.',
    { details: { name, kind: 'auto', reason }, cause },
  );
}

function checkKind(kind: string): void {
  if (kind === 'auto' || kinds.some((known) => known === kind)) return;
  throw new LimbeckError('invalid-option', `"kind" was ${String(kind)}; it must be one of auto, ${kinds.join(', ')}.`, {
    details: { name: 'kind', value: String(kind), known: ['auto', ...kinds] },
  });
}
