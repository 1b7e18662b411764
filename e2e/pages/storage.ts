// A store in a real browser, whose page dies in the middle of a put.
import { openStore, type Store } from 'limbeck';
import { type Kind, rawValues } from './rawStore.ts';

const NAME = 'person';
const SECRET = 'grandmother, 1931, heart';

let store: Store | undefined;

export async function open(kind: Kind | 'auto' = 'opfs'): Promise<string> {
  store = await openStore(NAME, { kind });
  return store.kind;
}

export async function put(key: string): Promise<void> {
  await store?.put(key, new TextEncoder().encode(SECRET));
}

export async function keys(): Promise<string[]> {
  return (await store?.keys()) ?? [];
}

export async function has(key: string): Promise<boolean> {
  return (await store?.get(key)) !== undefined;
}

/** Names and texts of all that lies in the store, past the library. */
export async function raw(kind: Kind = 'opfs'): Promise<string[]> {
  return (await rawValues(kind, NAME)).map((bytes) => new TextDecoder().decode(bytes));
}

/** Begins a put that never gets further than its draft; resolves once that is written. */
export async function putHalf(key: string): Promise<void> {
  await open();
  await new Promise<void>((resolve) => {
    Object.assign(FileSystemFileHandle.prototype, {
      move: () => {
        resolve();
        return new Promise(() => undefined);
      },
    });
    void put(key);
  });
}

export async function putHalfInWorker(key: string): Promise<void> {
  const worker = new Worker('/storage.js', { type: 'module' });
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
    worker.postMessage(key);
  });
}

export async function deleteElsewhere(): Promise<void> {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`limbeck/${NAME}`);
    request.onsuccess = resolve;
    request.onerror = reject;
  });
}

if (!('document' in globalThis)) {
  globalThis.onmessage = async ({ data }: MessageEvent<string>) => {
    await putHalf(data);
    postMessage('written');
  };
}
