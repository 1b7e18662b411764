import { type FakeLocks, makeLocks } from '../core/locksCases.ts';

/** What a tab does to the disk, one at a time. */
export type DiskCall = 'create' | 'open' | 'write' | 'flush' | 'close' | 'move' | 'remove' | 'list' | 'read';

/** A file on the disk; `flushed` are the bytes that a loss of power leaves. */
interface FakeFile {
  bytes: Uint8Array<ArrayBuffer>;
  flushed: Uint8Array<ArrayBuffer>;
}

interface Folder extends Map<string, FakeFile | Folder> {}

export interface FakeOpfs {
  readonly root: Folder;
  readonly locks: FakeLocks;
}

export function makeOpfs(): FakeOpfs {
  return { root: new Map(), locks: makeLocks() };
}

/** The same disk at this moment, for one of several ways in which it goes on; nobody holds a lock. */
export function copyOf({ root }: FakeOpfs): FakeOpfs {
  const copied = (folder: Folder): Folder =>
    new Map([...folder].map(([name, one]) => [name, one instanceof Map ? copied(one) : { ...one }]));
  return { root: copied(root), locks: makeLocks() };
}

/** All files by their paths, and all folders, ending in a slash. */
export function filesOf({ root }: FakeOpfs): Map<string, FakeFile | undefined> {
  const all = new Map<string, FakeFile | undefined>();
  const walk = (folder: Folder, before: string) => {
    for (const [name, one] of folder) {
      all.set(before + name + (one instanceof Map ? '/' : ''), one instanceof Map ? undefined : one);
      if (one instanceof Map) walk(one, `${before}${name}/`);
    }
  };
  walk(root, '');
  return all;
}

/** Names reach the disk before bytes do: each file keeps what was flushed of it, or half of what was not. */
export function losePower(opfs: FakeOpfs, how: 'nothing' | 'half'): void {
  for (const file of filesOf(opfs).values()) {
    if (file === undefined || file.flushed === file.bytes) continue;
    file.bytes = how === 'nothing' ? file.flushed : file.bytes.slice(0, file.bytes.length >> 1);
    file.flushed = file.bytes;
  }
}

export interface TabOptions {
  /** A window writes by streams, a worker by handles, and in most browsers by both. Default 'stream'. */
  readonly writes?: 'stream' | 'access' | 'both';
  /**
   * Called before each call: may throw, which is how the call fails; gives 'dead' where the tab dies before it, 'torn'
   * where it dies in the middle and 'done' where it dies after it, 'short' where half is written and said so.
   */
  readonly onCall?: (call: DiskCall, path: string) => 'dead' | 'torn' | 'done' | 'short' | undefined;
}

/** A tab: the globals that it sees. Once dead, it does nothing any more, and its locks are free. */
export interface FakeTab {
  readonly globals: Record<string, unknown>;
  isDead(): boolean;
}

export function openTab(opfs: FakeOpfs, { writes = 'stream', onCall = () => undefined }: TabOptions = {}): FakeTab {
  let isDead = false;
  const me = {};

  function die(): void {
    isDead = true;
    opfs.locks.release(me);
  }

  /** One call of the tab; `half` is what is done of it where it is torn. */
  function now<T>(kind: DiskCall, path: string, work: () => T, half: () => T | undefined = () => undefined): T {
    const dead = new Error('The tab is dead.');
    if (isDead) throw dead;
    const how = onCall(kind, path);
    if (how === undefined) return work();
    if (how === 'short') return half() as T;
    if (how === 'torn') half();
    if (how === 'done') work();
    die();
    throw dead;
  }

  /** The same, and other tabs come in between. */
  async function call<T>(...given: Parameters<typeof now<T>>): Promise<T> {
    await undefined;
    return now(...given);
  }

  function fileHandle(parent: Folder, path: string, name: string): object {
    const at = path + name;
    const file = () => {
      const found = parent.get(name);
      if (found === undefined || found instanceof Map) throw missing(at);
      return found;
    };
    const stream = {
      createWritable: () =>
        call('open', at, () => {
          // As Chromium does it: beside the file, under a name that everybody sees.
          const swap: FakeFile = { bytes: new Uint8Array(), flushed: new Uint8Array() };
          parent.set(`${name}.crswap`, swap);
          const set = (bytes: Uint8Array) => {
            swap.bytes = Uint8Array.from(bytes);
          };
          return {
            write: (bytes: Uint8Array) => {
              const half = () => set(bytes.subarray(0, bytes.length >> 1));
              return call('write', `${at}.crswap`, () => set(bytes), half);
            },
            abort: () => call('remove', `${at}.crswap`, () => void parent.delete(`${name}.crswap`)),
            close: () =>
              call('close', at, () => {
                parent.delete(`${name}.crswap`);
                parent.set(name, swap);
              }),
          };
        }),
    };
    const access = {
      createSyncAccessHandle: () => call('open', at, () => syncAccess(file(), at)),
    };
    return {
      kind: 'file',
      name,
      getFile: () => call('read', at, () => new Blob([file().bytes])),
      move: (_: unknown, to: string) =>
        call('move', at, () => {
          const moved = file();
          parent.delete(name);
          parent.set(to, moved);
        }),
      ...(writes === 'access' ? undefined : stream),
      ...(writes === 'stream' ? undefined : access),
    };
  }

  function syncAccess(file: FakeFile, at: string) {
    const set = (bytes: Uint8Array) => {
      file.bytes = Uint8Array.from(bytes);
      return bytes.length;
    };
    return {
      truncate: (size: number) => void set(file.bytes.subarray(0, size)),
      write: (bytes: Uint8Array) => {
        const half = () => set(bytes.subarray(0, bytes.length >> 1));
        return now('write', at, () => set(bytes), half);
      },
      flush: () =>
        now('flush', at, () => {
          file.flushed = file.bytes;
        }),
      close: () => undefined,
    };
  }

  function folderHandle(folder: Folder, path: string, name: string): object {
    const open = (wanted: string, isFolder: boolean, create: boolean) => {
      const there = folder.get(wanted);
      if (there !== undefined && there instanceof Map !== isFolder) throw fault('TypeMismatchError', path + wanted);
      if (there === undefined && !create) throw missing(path + wanted);
      const made = there ?? (isFolder ? new Map() : { bytes: new Uint8Array(), flushed: new Uint8Array() });
      folder.set(wanted, made);
      return made;
    };
    return {
      kind: 'directory',
      name,
      getDirectoryHandle: async (wanted: string, { create = false } = {}) => {
        if (isDead) throw new Error('The tab is dead.');
        return folderHandle(open(wanted, true, create) as Folder, `${path}${wanted}/`, wanted);
      },
      getFileHandle: (wanted: string, { create = false } = {}) => {
        const work = () => {
          open(wanted, false, create);
          return fileHandle(folder, path, wanted);
        };
        return call(create ? 'create' : 'read', path + wanted, work);
      },
      removeEntry: (wanted: string) =>
        call('remove', path + wanted, () => {
          const there = folder.get(wanted);
          if (there === undefined) throw missing(path + wanted);
          if (there instanceof Map && there.size > 0) throw fault('InvalidModificationError', path + wanted);
          folder.delete(wanted);
        }),
      async *entries() {
        const all = await call('list', path, () => [...folder]);
        for (const [entry, one] of all) {
          const inside = `${path}${entry}/`;
          yield [entry, one instanceof Map ? folderHandle(one, inside, entry) : fileHandle(folder, path, entry)];
        }
      },
    };
  }

  class FileSystemFileHandle {}
  for (const method of ['move', writes === 'access' ? 'createSyncAccessHandle' : 'createWritable'])
    Object.assign(FileSystemFileHandle.prototype, { [method]: () => undefined });
  const getDirectory = () => call('read', '', () => folderHandle(opfs.root, '', ''));
  const navigator = { storage: { getDirectory }, locks: opfs.locks.of(me) };
  return { globals: { navigator, FileSystemFileHandle }, isDead: () => isDead };
}

function missing(path: string): DOMException {
  return fault('NotFoundError', path);
}

function fault(name: string, path: string): DOMException {
  return new DOMException(`${path}: ${name}`, name);
}
