// Where the files for WebGPU lie. `limbeck/webgpu` tells it, so that pages that do without carry none of them.
import { configuredAssets } from './configure.ts';
import { LimbeckError } from './errors.ts';

export type WebGpuFile =
  | 'ort.webgpu.min.mjs'
  | 'ort-wasm-simd-threaded.asyncify.mjs'
  | 'ort-wasm-simd-threaded.asyncify.wasm'
  | 'tfjs-backend-webgpu.js';

/** Their addresses. */
export type WebGpuFiles = Readonly<Record<WebGpuFile, string>>;

/** Of this thread: one page, or one worker, which its page tells. */
let files: WebGpuFiles | undefined;

export function addWebGpuFiles(given: WebGpuFiles): void {
  files = given;
}

export function webGpuFiles(): WebGpuFiles | undefined {
  return files;
}

/** Whether they are known, or lie in a folder that the caller serves. */
export function hasWebGpuFiles(assetBase?: string): boolean {
  return (assetBase ?? configuredAssets()) !== undefined || files !== undefined;
}

/** Why what needs them is not here, as a sentence; undefined if they are. */
export function webGpuFilesObstacle(): string | undefined {
  return hasWebGpuFiles() ? undefined : noWebGpuFiles().message;
}

/** Throws    backend-unavailable: nothing told where it lies */
export function webGpuFile(name: WebGpuFile): string {
  if (files !== undefined) return files[name];
  throw noWebGpuFiles();
}

export function noWebGpuFiles(): LimbeckError {
  return new LimbeckError(
    'backend-unavailable',
    "limbeck's files for WebGPU and WebNN are not part of this page: write import 'limbeck/webgpu' where it is built, or leave the choice of the device to 'auto'.",
    { details: { needed: 'limbeck/webgpu' } },
  );
}
