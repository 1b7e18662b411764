import { makeQueue } from '../../core/queue.ts';
import type { Transport } from '../transport.ts';
import { overShelf, type Shelf } from './overShelf.ts';

/** A federation within this thread; it lasts as long as this object. */
export interface Loopback {
  /** Another end of it, for another client. */
  open(): Transport;
}

/**
 * A transport that stays in this thread: for simulations and tests.
 * @example
 * const federation = loopback();
 * const halves = [pick(labelled, Int32Array.of(0, 1)), pick(labelled, Int32Array.of(2, 3))];
 * await Promise.all(halves.map((data) => federate({ student: mlp(), data, transport: federation.open() }).done));
 */
export function loopback(): Loopback {
  const values = new Map<string, Uint8Array<ArrayBuffer>>();
  const listeners = new Set<(key: string) => void>();
  const queue = makeQueue();
  const shelf: Shelf = {
    get: async (key) => values.get(key)?.slice(),
    put: async (key, bytes) => void values.set(key, bytes as Uint8Array<ArrayBuffer>),
    delete: async (key) => void values.delete(key),
    keys: async (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)),
    size: async (key) => values.get(key)?.length,
  };
  return {
    open: () =>
      overShelf({
        name: 'loopback',
        shelf,
        exclusively: (work) => queue(work),
        announce(key) {
          for (const changed of listeners) changed(key);
        },
        listen(changed) {
          listeners.add(changed);
          return () => listeners.delete(changed);
        },
        close: async () => undefined,
      }),
  };
}
