// The one door to the modules of Node, which Bun and Deno have too. No import names them: bundlers that build for a page would
// follow it, and fail. Nor does code name `process` or `Buffer` as globals: some bundlers carry a polyfill for them.

/** Electron's pages have Node's process, and are pages. */
const PAGE_TYPES: readonly unknown[] = ['renderer', 'worker'];

interface NodeProcess {
  readonly type?: string;
  getBuiltinModule?(name: string): unknown;
}

/** A built-in module of Node, such as `fs/promises`; undefined in a browser. */
export function nodeModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  if (typeof process?.getBuiltinModule !== 'function' || PAGE_TYPES.includes(process.type)) return undefined;
  return process.getBuiltinModule(`node:${name}`) as Module;
}

/** Whether this thread belongs to Node, Bun or Deno. */
export function isNode(): boolean {
  return nodeModule('worker_threads') !== undefined;
}

/** Whether there is a page, or a worker of one: it is at an address, and Deno's workers at that of a file. */
export function isPage(): boolean {
  return /^(?!file:)/i.test(globalThis.location?.href ?? 'file:');
}

/**
 * The address of a file, in Node, from its path, which counts from the working directory; undefined for an address and in a
 * browser. A single letter before a colon is a drive.
 */
export function fileAddress(path: string): string | undefined {
  if (isPage() || path === '' || /^[a-z][a-z\d+.-]+:/i.test(path)) return undefined;
  return nodeModule<typeof import('node:url')>('url')?.pathToFileURL(path).href;
}

/** The path of a `file:` address, in Node; undefined for any other, and for one of another machine. */
export function filePath(address: string): string | undefined {
  if (!/^file:/i.test(address)) return undefined;
  try {
    return nodeModule<typeof import('node:url')>('url')?.fileURLToPath(address);
  } catch {
    return undefined;
  }
}

/**
 * Does work that adds listeners to Node's process, which nobody takes away again, and takes them away: one for
 * `uncaughtException` changes how the process ends.
 */
export async function withoutProcessListeners<T>(work: () => Promise<T>): Promise<T> {
  const process = nodeModule<typeof import('node:process')>('process');
  if (process === undefined) return work();
  const names = ['uncaughtException', 'unhandledRejection'] as const;
  const before = names.map((name) => new Set(process.listeners(name as 'uncaughtException')));
  try {
    return await work();
  } finally {
    for (const [i, name] of names.entries()) {
      for (const listener of process.listeners(name as 'uncaughtException')) {
        if (!before[i]?.has(listener)) process.off(name, listener);
      }
    }
  }
}

/** Whether a file of this machine, which may be a link, really lies outside the folder of another, in Node. */
export function leavesFolder(path: string, of: string): boolean {
  const files = nodeModule<typeof import('node:fs')>('fs');
  const paths = nodeModule<typeof import('node:path')>('path');
  if (files === undefined || paths === undefined || !files.existsSync(path)) return false;
  const way = paths.relative(paths.dirname(files.realpathSync(of)), files.realpathSync(path));
  return paths.isAbsolute(way) || way.split(paths.sep)[0] === '..';
}

/**
 * A package as it is installed for Node beside the file at `from`; undefined where there is none, and in a browser. Bundlers do
 * not see it.
 */
export function nodePackage<Package>(name: string, from: string): Package | undefined {
  try {
    return requireBeside(from)?.(name) as Package | undefined;
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * The version of a package that Node finds, without loading the package; undefined where there is none or another one stands under
 * its name, and in a browser. By path: some packages do not export their package.json.
 */
export function installedVersion(name: string, from: string): string | undefined {
  const load = requireBeside(from);
  for (const folder of load?.resolve.paths(name) ?? []) {
    try {
      const found = load?.(`${folder}/${name}/package.json`) as { name?: string; version?: string };
      return found.name === name ? found.version : undefined;
    } catch {
      // A folder further up may have it.
    }
  }
  return undefined;
}

function requireBeside(from: string) {
  return nodeModule<typeof import('node:module')>('module')?.createRequire(from);
}

/** Where a thread of Node hears from the one that started it; undefined in a browser and on the main thread. */
export function parentPort(): MessagePort | undefined {
  const port = nodeModule<typeof import('node:worker_threads')>('worker_threads')?.parentPort;
  return (port ?? undefined) as MessagePort | undefined;
}
