import type { Medium } from './medium.ts';

/** Bytes that last as long as the store: for tests, and where nothing else is available. */
export async function openMemory(_name: string): Promise<Medium> {
  const values = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kind: 'memory',
    get: async (key) => values.get(key)?.slice(),
    getRange: async (key, start, end) => values.get(key)?.slice(start, end),
    put: async (key, bytes) => {
      values.set(key, bytes);
    },
    delete: async (key) => {
      values.delete(key);
    },
    keys: async () => [...values.keys()],
    size: async (key) => values.get(key)?.byteLength,
    close: async () => values.clear(),
  };
}
