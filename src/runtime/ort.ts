// The one door to onnxruntime-web, opened only when a teacher is loaded.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { assetUrl } from './assets.ts';
import { detectCapabilities, requireWasm } from './capabilities.ts';

export type Ort = typeof import('onnxruntime-web/wasm');
export type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/wasm';

/** Where onnxruntime-web computes. */
export type OrtDevice = 'wasm' | 'webgpu' | 'webnn';

export interface StartOrtOptions {
  /** Default 'wasm'. The other two share a build that is half as large again, and slower on wasm. */
  readonly device?: OrtDevice;
  /** Default: the cores of the device, 4 at most. */
  readonly threads?: number;
  readonly assetBase?: string;
}

export interface StartedOrt {
  readonly ort: Ort;
  readonly threads: number;
  readonly notices: readonly string[];
}

/** Each build starts once per thread; the number of threads it got then is the number it keeps. */
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
  const capabilities = await detectCapabilities();
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
    const ort = build === 'plain' ? await import('onnxruntime-web/wasm') : await importGpuBuild(assetBase);
    const binary = build === 'plain' ? 'ort-wasm-simd-threaded' : 'ort-wasm-simd-threaded.asyncify';
    ort.env.wasm.numThreads = used;
    ort.env.wasm.proxy = false;
    ort.env.logLevel = 'error';
    ort.env.wasm.wasmPaths = {
      wasm: assetUrl(`${binary}.wasm`, assetBase),
      mjs: assetUrl(`${binary}.mjs`, assetBase),
    };
    return { ort, threads: used, notices };
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `onnxruntime-web could not be loaded (${messageOf(error)}). Install it beside limbeck: npm install onnxruntime-web@1.30.0.`,
      { cause: error },
    );
  }
}

/**
 * Creates a session, the first of which starts onnxruntime's threads: workers of its own script, by the address from
 * which that was loaded (a blob, where that lies on another origin).
 */
export function withOrtThreads<T>(ort: Ort, create: () => Promise<T>): Promise<T> {
  const { mjs } = ort.env.wasm.wasmPaths as { readonly mjs: string };
  const isOwn = (url: string) => {
    const script = new URL(mjs, location.href);
    return url === script.href || (script.origin !== origin && url.startsWith(`blob:${origin}`));
  };
  return vouchingFor(isOwn, create);
}

/** This build is a file of its own: a worker that never sees a GPU does not carry it. */
async function importGpuBuild(assetBase: string | undefined): Promise<Ort> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ assetUrl('ort.webgpu.min.mjs', assetBase));
}
