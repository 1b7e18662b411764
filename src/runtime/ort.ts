// The one door to onnxruntime-web, opened only when a teacher is loaded.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { type AssetName, assetUrl, hostedUrl, loadAsset } from './assets.ts';
import { detectWasm, requireWasm } from './capabilities.ts';
import { importScript } from './importScript.ts';

export type Ort = typeof import('onnxruntime-web/wasm');
export type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/wasm';

/** Where onnxruntime-web computes. */
export type OrtDevice = 'wasm' | 'webgpu' | 'webnn';

export interface StartOrtOptions {
  /** Default 'wasm'. The other two share a build that is half again as large, and slower on wasm. */
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

/** Each build starts once per thread and keeps its number of threads. */
const started = new Map<'plain' | 'gpu', Promise<StartedOrt>>();

/**
 * Loads onnxruntime-web with its WebAssembly files from limbeck's own folder.
 * Throws    backend-unavailable: the package or its files are missing, or there is no SIMD · wasm-blocked
 */
export function startOrt(options: StartOrtOptions): Promise<StartedOrt> {
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
    const ort = build === 'plain' ? await importPlainBuild(assetBase) : await importGpuBuild(assetBase);
    const binary = build === 'plain' ? 'ort-wasm-simd-threaded' : 'ort-wasm-simd-threaded.asyncify';
    ort.env.wasm.numThreads = used;
    ort.env.wasm.proxy = false;
    ort.env.logLevel = 'error';
    ort.env.wasm.wasmPaths = {
      wasm: assetUrl(`${binary}.wasm`, assetBase),
      mjs: await scriptUrl(`${binary}.mjs`, used, assetBase),
    };
    return { ort, threads: used, notices };
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'backend-unavailable',
      `onnxruntime-web could not be loaded (${messageOf(error)}). Serve the package's files beside its code, or copy them to a ` +
        "folder that your server serves (npx limbeck assets --to public/limbeck) and call configure({ assets: '/limbeck/' }).",
      { cause: error },
    );
  }
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
  return vouchingFor(isOwn, create);
}

/** In browsers, a file of the package: the build puts its address in the place of the import (`rollup.config.mjs`). */
async function importPlainBuild(assetBase: string | undefined): Promise<Ort> {
  const hosted = hostedUrl('ort.wasm.min.mjs', assetBase);
  if (hosted === undefined) return import('onnxruntime-web/wasm');
  return importScript(hosted);
}

/** This build is a separate file, so that workers without a GPU do not load it. */
async function importGpuBuild(assetBase: string | undefined): Promise<Ort> {
  return importScript(assetUrl('ort.webgpu.min.mjs', assetBase));
}
