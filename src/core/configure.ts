import { checkKnownOptions, invalidOption } from './options.ts';
import { isTagged } from './tags.ts';

/** Where a worker comes from: the address of limbeck's file, or a function that makes it. */
export type WorkerSource = string | URL | (() => Worker);

/** Where limbeck finds its own files, for pages whose bundler does not lay them beside the code. */
export interface Configuration {
  /**
   * limbeck's `worker.js`, which trains students and asks teachers, or a worker of yours that calls `exposeWorker`.
   * Default: in `assets`, or beside the code.
   */
  readonly worker?: WorkerSource;
  /** limbeck's `runWorker.js`, which runs students for `limbeck/run`. Default: in `assets`, or beside the code. */
  readonly runWorker?: WorkerSource;
  /**
   * The folder that has the files of `limbeck assets`: workers, scripts and WebAssembly. Workers start from your own origin
   * only. Default: beside the code.
   */
  readonly assets?: string | URL;
}

const FIELDS = ['worker', 'runWorker', 'assets'] as const;
const SOURCES = 'an address, or a function that makes a worker';

/** Of this thread: one page, or one worker. */
let settings: Configuration = {};

/**
 * Tells limbeck once where its files are, for all calls that follow, of every entry of the package. What a call is given
 * itself (`worker`, `assetBase`) wins. Fields that are left out stay as they are; undefined takes one back. Addresses are
 * relative to the page.
 * Throws    invalid-option
 *
 * @example
 * // After: npx limbeck assets --to public/limbeck
 * configure({ assets: '/limbeck/' });
 */
export function configure(options: Configuration): void {
  checkKnownOptions(options, FIELDS, 'configure');
  const { worker, runWorker, assets } = options;
  const read = {
    ...('worker' in options && { worker: sourceOf(worker, 'worker') }),
    ...('runWorker' in options && { runWorker: sourceOf(runWorker, 'runWorker') }),
    ...('assets' in options && {
      assets: assets === undefined ? undefined : `${absolute(assets, 'assets', 'an address').replace(/\/$/, '')}/`,
    }),
  };
  settings = { ...settings, ...read };
}

/** The folder of limbeck's files, with a slash at its end; undefined where they lie beside the code. */
export function configuredAssets(): string | undefined {
  return settings.assets as string | undefined;
}

/** Where a worker comes from; undefined where it lies beside the code. Addresses are absolute. */
export function configuredWorker(name: 'worker' | 'runWorker'): string | (() => Worker) | undefined {
  const source = settings[name] as string | (() => Worker) | undefined;
  return source ?? (settings.assets === undefined ? undefined : `${settings.assets}${name}.js`);
}

function sourceOf(source: WorkerSource | undefined, name: string): WorkerSource | undefined {
  return source === undefined || typeof source === 'function' ? source : absolute(source, name, SOURCES);
}

function absolute(address: string | URL, name: string, needed: string): string {
  if (address === '' || (typeof address !== 'string' && !isTagged(address, 'URL')))
    throw invalidOption(name, address, needed);
  try {
    return new URL(address, globalThis.location?.href).href;
  } catch {
    throw invalidOption(name, address, `${needed}; outside a page it is a whole address, such as file:///…`);
  }
}
