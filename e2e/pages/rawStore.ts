// What a store leaves on the device, past the library: files and databases as the browser keeps them.

export type Kind = 'opfs' | 'indexeddb';

/** Names and bytes of everything in the store of that name. */
export async function rawValues(kind: Kind, name: string): Promise<Uint8Array[]> {
  return kind === 'opfs' ? rawFiles(name) : rawTables(name);
}

async function rawFiles(name: string): Promise<Uint8Array[]> {
  const origin = await navigator.storage.getDirectory();
  const folder = await (await origin.getDirectoryHandle('limbeck')).getDirectoryHandle(name);
  return filesIn(folder);
}

async function filesIn(folder: FileSystemDirectoryHandle): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const [name, entry] of folder.entries()) {
    all.push(new TextEncoder().encode(decodeURIComponent(name)));
    if (entry.kind === 'directory') all.push(...(await filesIn(entry as FileSystemDirectoryHandle)));
    else all.push(new Uint8Array(await (await (entry as FileSystemFileHandle).getFile()).arrayBuffer()));
  }
  return all;
}

async function rawTables(name: string): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  const database = await opening(`limbeck/${name}`);
  for (const table of database.objectStoreNames) {
    const values = database.transaction(table).objectStore(table);
    for (const key of await settled(values.getAllKeys())) all.push(new TextEncoder().encode(String(key)));
    for (const value of await settled(values.getAll())) if (value instanceof Uint8Array) all.push(value);
  }
  database.close();
  return all;
}

export function opening(name: string): Promise<IDBDatabase> {
  return settled(indexedDB.open(name));
}

export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Whether `part` lies anywhere in `whole`. */
export function holds(whole: Uint8Array, part: Uint8Array): boolean {
  const first = part[0] as number;
  for (let start = whole.indexOf(first); start >= 0; start = whole.indexOf(first, start + 1)) {
    if (part.every((byte, i) => byte === whole[start + i])) return true;
  }
  return false;
}
