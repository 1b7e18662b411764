import { LimbeckError, messageOf } from '../core/errors.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';
import { checkName, type Medium, storeOver } from './medium.ts';
import { places, type StorePlace } from './places.ts';
import type { Store, StoreKind } from './store.ts';

const OPTIONS = schema('openStore', {
  /**
   * `auto` stays where values of that name lie, and otherwise takes the first that opens of OPFS, IndexedDB and memory.
   * A kind is one place: what was put into one is not found in another, and a window and a worker need not offer the
   * same. Default: 'auto'.
   */
  kind: given<'auto' | StoreKind>(checkKind),
});

/** Where a store is to keep its bytes. */
export interface OpenStoreOptions extends OptionsOf<typeof OPTIONS> {}

const kinds = Object.keys(places) as StoreKind[];
const lasting = [places.opfs, places.indexeddb];

/**
 * Opens the store of that name, or makes it. Everything of one origin that opens the same name and kind shares it,
 * save for memory, where each call makes an empty one. Where values lie in OPFS and in IndexedDB under that name, `auto`
 * takes OPFS, or IndexedDB where OPFS cannot be opened, and `why` says so.
 * Throws    invalid-option: name or kind · store-unavailable: the kind asked for is not offered here; or values lie, or
 *           may lie, where nothing can be opened now, so that another kind would only seem to be empty: try again
 */
export async function openStore(name: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { kind = 'auto' } = OPTIONS.read(options);
  checkName(name, 'store name');
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

/** A browser gains OPFS with a new version, and may refuse it for a moment: neither may seem to empty a store. */
async function openWhereItLies(name: string): Promise<Store> {
  const looks = await Promise.all(lasting.map((place) => look(place, name)));
  const holders = looks.filter(({ holds }) => holds).map(({ place }) => place);
  const [first] = holders;
  const unopened: string[] = [];
  for (const place of holders) {
    const medium = await tryToOpen(place, name, unopened);
    if (medium === undefined) continue;
    const others = holders.filter((other) => other !== place).map(({ title }) => title);
    // Such as a window that cannot write where a worker keeps its own: each stays with what it can have.
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
  return storeOver(await places.memory.open(name), name, `${reasons.join('; ')}.`);
}

interface Look {
  readonly place: StorePlace;
  readonly holds: boolean;
  /** Why it cannot be told, where values may lie there. */
  readonly error?: unknown;
}

async function look(place: StorePlace, name: string): Promise<Look> {
  try {
    return { place, holds: await place.holds(name) };
  } catch (error) {
    return { place, holds: false, error: (await place.mayHold(name, error)) ? error : undefined };
  }
}

/** The opened medium, or undefined and one more reason. */
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
