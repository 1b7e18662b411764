// The one door to onnxruntime-web, opened only when a teacher is loaded.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { isNode, isPage, nodeModule, nodePackage } from '../core/node.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { isWithin, ONNXRUNTIME_RANGE, rangeText, VERSIONS } from '../core/versions.ts';
import { keepingWorkers } from '../core/watchedWorkers.ts';
import { type AssetName, assetUrl, hostedUrl, loadAsset } from './assets.ts';
import { detectWasm, requireWasm } from './capabilities.ts';
import { importScript } from './importScript.ts';
import { nativeObstacle } from './ortDevices.ts';

export type Ort = typeof import('onnxruntime-web/wasm');
export type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/wasm';

/** Where onnxruntime computes: 'native' is onnxruntime-node, beside which onnxruntime-web is not needed. */
export type OrtDevice = 'wasm' | 'webgpu' | 'webnn' | 'native';

export interface StartOrtOptions {
  /** Default 'wasm'. WebGPU and WebNN share a build that is half again as large, and slower on wasm. */
  readonly device?: OrtDevice;
  /** Default: the cores of the device, at most 4. */
  readonly threads?: number;
  readonly assetBase?: string;
}

export interface StartedOrt {
  readonly ort: Ort;
  readonly threads: number;
  readonly notices: readonly string[];
}

/** A browser may never start a thread of a thread; its file, some 12 MB, may come slowly. */
export const START_MS = 300_000;

/** Each build starts once per thread and keeps its number of threads. */
const started = new Map<'plain' | 'gpu', Promise<StartedOrt>>();

/**
 * Loads onnxruntime-web with its WebAssembly files from limbeck's own folder.
 * Throws    backend-unavailable: the package or its files are missing, or there is no SIMD · wasm-blocked
 */
export function startOrt(options: StartOrtOptions): Promise<StartedOrt> {
  if (options.device === 'native') return startNative(options);
  const build = (options.device ?? 'wasm') === 'wasm' ? 'plain' : 'gpu';
  const starting =
    started.get(build) ??
    start(build, options).catch((error: unknown) => {
      started.delete(build);
      throw error;
    });
  started.set(build, starting);
  return starting;
}

/** Each session has threads of its own. */
async function startNative({ threads }: StartOrtOptions): Promise<StartedOrt> {
  const obstacle = nativeObstacle();
  const ort = obstacle === undefined ? nodePackage<Ort>('onnxruntime-node', import.meta.url) : undefined;
  const { cores } = await detectWasm();
  if (ort !== undefined) return { ort, threads: threads ?? Math.min(4, cores), notices: [] };
  throw new LimbeckError(
    'backend-unavailable',
    `${obstacle} npm install onnxruntime-node@${VERSIONS.onnxruntime} puts it there.`,
  );
}

async function start(build: 'plain' | 'gpu', { threads, assetBase }: StartOrtOptions): Promise<StartedOrt> {
  requireWasm();
  const capabilities = await detectWasm();
  if (capabilities.simdLevel === 'none') {
    throw new LimbeckError(
      'backend-unavailable',
      'This engine has no WebAssembly SIMD, without which onnxruntime-web runs no model. Use another browser for ' +
        'ONNX teachers, or a teacher of another kind.',
    );
  }
  const wanted = threads ?? Math.min(4, capabilities.cores);
  const used = capabilities.hasThreads ? wanted : 1;
  const notices = used < wanted && capabilities.why['threads'] ? [capabilities.why['threads']] : [];
  try {
    const installed = build === 'plain' && !isPage() ? nodePackage<Ort>('onnxruntime-web', import.meta.url) : undefined;
    if (installed !== undefined) requireOrt(installed.env.versions.web);
    const ort = installed ?? (await (build === 'plain' ? importPlainBuild(assetBase) : importGpuBuild(assetBase)));
    const binary = build === 'plain' ? 'ort-wasm-simd-threaded' : 'ort-wasm-simd-threaded.asyncify';
    ort.env.wasm.numThreads = used;
    ort.env.wasm.proxy = false;
    // Its timer runs on after the start, and would keep a program of Node alive.
    if (!isNode()) ort.env.wasm.initTimeout = START_MS;
    ort.env.logLevel = 'error';
    // What is installed, in Node, finds the files of its own version.
    if (installed === undefined) {
      ort.env.wasm.wasmPaths = {
        wasm: assetUrl(`${binary}.wasm`, assetBase),
        mjs: await scriptUrl(`${binary}.mjs`, used, assetBase),
      };
    }
    return { ort, threads: used, notices };
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'backend-unavailable',
      `onnxruntime-web could not be loaded (${messageOf(error)}). ${whereItNeverLoads()}Serve the package's files beside its code, or ` +
        "copy them to a folder that your server serves (npx limbeck assets --to public/limbeck) and call configure({ assets: '/limbeck/' }).",
      { cause: error },
    );
  }
}

/** Throws    backend-unavailable: a version is installed with which limbeck does not work */
export function requireOrt(version: string | undefined): void {
  if (version === undefined || isWithin(version, ONNXRUNTIME_RANGE)) return;
  throw new LimbeckError(
    'backend-unavailable',
    `onnxruntime-web ${version} is installed, and limbeck takes ${rangeText(ONNXRUNTIME_RANGE)}: npm install ` +
      `onnxruntime-web@${VERSIONS.onnxruntime}, or remove it, and limbeck takes its own.`,
    { details: { installed: version, needed: rangeText(ONNXRUNTIME_RANGE) } },
  );
}

/**
 * The address of onnxruntime's script, from which its threads start too. No worker starts from another origin; in that
 * case a blob is made here, as onnxruntime would do, so that exactly this blob is approved under Trusted Types.
 */
async function scriptUrl(name: AssetName, threads: number, assetBase: string | undefined): Promise<string> {
  const url = assetUrl(name, assetBase);
  const isElsewhere = globalThis.location !== undefined && new URL(url, location.href).origin !== location.origin;
  if (threads === 1 || !isElsewhere) return url;
  const script = new Blob([await loadAsset(name, assetBase)], { type: 'text/javascript' });
  return URL.createObjectURL(script);
}

/** Creates a session; the first one starts onnxruntime's threads, workers of its own script. */
export function withOrtThreads<T>(ort: Ort, create: () => Promise<T>): Promise<T> {
  const isOwn = (url: string) => {
    const { mjs } = ort.env.wasm.wasmPaths as { readonly mjs: string };
    return url === new URL(mjs, location.href).href;
  };
  const threads = isPage() ? undefined : nodeModule<typeof import('node:worker_threads')>('worker_threads');
  if (threads !== undefined) return lendingWorker(threads.Worker, create);
  return keepingWorkers(() => vouchingFor(isOwn, create));
}

/** Sessions that are being created in Node, and the global `Worker` before the first of them. */
let creating = 0;
let before: PropertyDescriptor | undefined;

/** In Node, onnxruntime starts its threads from Node's `Worker` as a global. It leaves it there, and others take it for a browser's. */
async function lendingWorker<T>(worker: object, create: () => Promise<T>): Promise<T> {
  if (creating++ === 0) before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  Object.defineProperty(globalThis, 'Worker', { value: worker, configurable: true, writable: true });
  try {
    return await create();
  } finally {
    if (--creating === 0) {
      if (before === undefined) Reflect.deleteProperty(globalThis, 'Worker');
      else Object.defineProperty(globalThis, 'Worker', before);
    }
  }
}

/** onnxruntime loads its script with `import()`, which service workers forbid. */
export function whereItNeverLoads(): string {
  if (!('ServiceWorkerGlobalScope' in globalThis)) return '';
  return "A service worker cannot load it at all: ask for device: 'kernels' for a teacher, engine: 'tfjs' for a student. ";
}

/**
 * In browsers, a file of the package: the build puts its address in the place of the import (`rollup.config.mjs`), and for Node
 * the build that is made for it, from which threads start.
 */
async function importPlainBuild(assetBase: string | undefined): Promise<Ort> {
  const hosted = hostedUrl('ort.wasm.min.mjs', assetBase);
  return hosted === undefined ? import('onnxruntime-web/wasm') : importScript(hosted);
}

/** This build is a separate file, so that workers without a GPU do not load it. */
async function importGpuBuild(assetBase: string | undefined): Promise<Ort> {
  return importScript(assetUrl('ort.webgpu.min.mjs', assetBase));
}
