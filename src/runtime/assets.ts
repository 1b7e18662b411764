import { configuredAssets } from '../core/configure.ts';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { fileAddress, filePath, nodeModule } from '../core/node.ts';
import { type WebGpuFile, webGpuFile } from '../core/webgpuFiles.ts';

/**
 * Files that are shipped next to the built code. Each is one literal expression, because bundlers recognise assets only
 * in this form.
 */
const shipped = {
  'kernels-relaxed.wasm': () => new URL('./kernels-relaxed.wasm', import.meta.url).href,
  'kernels-simd.wasm': () => new URL('./kernels-simd.wasm', import.meta.url).href,
  'tfjs-backend-wasm.wasm': () => new URL('./tfjs-backend-wasm.wasm', import.meta.url).href,
  'tfjs-backend-wasm-simd.wasm': () => new URL('./tfjs-backend-wasm-simd.wasm', import.meta.url).href,
  'tfjs-backend-wasm-simd-shared.wasm': () => new URL('./tfjs-backend-wasm-simd-shared.wasm', import.meta.url).href,
  // The script of helper threads.
  'threads.js': () => new URL('./threads.js', import.meta.url).href,
  'ort-wasm-simd-threaded.wasm': () => new URL('./ort-wasm-simd-threaded.wasm', import.meta.url).href,
  'ort-wasm-simd-threaded.mjs': () => new URL('./ort-wasm-simd-threaded.mjs', import.meta.url).href,
};

export type AssetName = keyof typeof shipped | WebGpuFile;

/**
 * The address of a shipped file; pages that host the files elsewhere `configure` their folder, or give `assetBase`.
 * Throws    backend-unavailable: a file for WebGPU, which only `limbeck/webgpu` brings along
 */
export function assetUrl(name: AssetName, assetBase?: string): string {
  const hosted = hostedUrl(name, assetBase);
  if (hosted !== undefined) return hosted;
  return name in shipped ? shipped[name as keyof typeof shipped]() : webGpuFile(name as WebGpuFile);
}

/** The address of a file where the page says that it lies; undefined where it lies beside the code. */
export function hostedUrl(name: string, assetBase = configuredAssets()): string | undefined {
  if (assetBase === undefined) return undefined;
  const base = assetBase.replace(/\/?$/, '/');
  return `${fileAddress(base) ?? base}${name}`;
}

/** The address of a file that only some fetch. It is put together, because bundlers would carry a file that they see. */
export function unbundledUrl(name: string, assetBase?: string): string {
  return hostedUrl(name, assetBase) ?? import.meta.url.replace(/[^/]*$/, name);
}

/** Throws    backend-unavailable: the file cannot be fetched */
export function loadAsset(name: AssetName, assetBase?: string): Promise<Uint8Array<ArrayBuffer>> {
  return loadShipped(assetUrl(name, assetBase));
}

/**
 * A file of the package at its address.
 * Throws    backend-unavailable: the file cannot be fetched
 */
export async function loadShipped(url: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const path = filePath(url);
    const files = nodeModule<typeof import('node:fs/promises')>('fs/promises');
    if (path !== undefined && files !== undefined) return new Uint8Array(await files.readFile(path));
    const response = await askForAsset(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `The file ${url}, which belongs to limbeck, could not be loaded (${messageOf(error)}). ` +
        'Copy the package’s files to a folder that your server serves (npx limbeck assets --to public/limbeck), and call ' +
        "configure({ assets: '/limbeck/' }).",
      { details: { url }, cause: error },
    );
  }
}

/** The response for a shipped file, also for its headers. */
export function askForAsset(url: string): Promise<Response> {
  return fetch(url, { credentials: 'same-origin' });
}
