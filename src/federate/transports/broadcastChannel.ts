import { given, type OptionsOf, schema } from '../../core/schema.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { checkKey, type Transport, transportFailed } from '../transport.ts';
import { overShelf } from './overShelf.ts';

const NAME = 'broadcastChannel';

const OPTIONS = schema('openBroadcastChannel', {
  /**
   * Where the federation is kept, such as an encryptedStore; it stays open. All tabs open the same. Default: a store of its own,
   * which this transport closes.
   */
  store: given<Store>(),
});

/** Where the tabs keep what they share. */
export interface BroadcastChannelOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A federation of the tabs and workers of one origin on one machine, without a server. Entries and objects lie in a store, which
 * outlives every tab; Web Locks make changes one at a time; a BroadcastChannel tells the others of them.
 * Throws    invalid-option: a name of another form · transport-failed: no Web Locks or BroadcastChannel, as on a page that is not
 *           secure, or a store that tabs do not share · what `openStore` throws
 * @example
 * const transport = await openBroadcastChannel('digits');
 * const { report } = await federate({ student: mlp(), data: labelled, transport, client: 'tab-1' }).done;
 */
export async function openBroadcastChannel(name: string, options: BroadcastChannelOptions = {}): Promise<Transport> {
  checkKey(name);
  const { store: given } = OPTIONS.read(options);
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined || typeof BroadcastChannel === 'undefined') {
    throw transportFailed(
      NAME,
      'this page has no Web Locks or no BroadcastChannel; serve it over https or from localhost',
    );
  }
  const place = `limbeck-federation/${name}`;
  const store = given ?? (await openStore(place));
  if (store.kind === 'memory') {
    if (given === undefined) await store[Symbol.asyncDispose]();
    throw transportFailed(NAME, `its store would last only as long as this tab (${store.why})`);
  }
  const channel = new BroadcastChannel(place);
  // In Node a channel would keep the process alive.
  (channel as unknown as { unref?: () => void }).unref?.();
  const listeners = new Set<(key: string) => void>();
  const tell = (key: string) => {
    for (const changed of listeners) changed(key);
  };
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') tell(data);
  };
  return overShelf({
    name: NAME,
    shelf: store,
    exclusively: (work) => locks.request(place, work) as Promise<never>,
    announce(key) {
      tell(key);
      channel.postMessage(key);
    },
    listen(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    async close() {
      channel.close();
      if (given === undefined) await store[Symbol.asyncDispose]();
    },
  });
}
