// The files in dist/ that tests load. Only tests import this file.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BackendOptions } from '../backends/backend.ts';

/** The address of dist/; files that were not built yet are created there. */
export function builtAssets(): string {
  const root = new URL('../../../', import.meta.url);
  const dist = new URL('dist/', root);
  const isMissing = (name: string) => !existsSync(new URL(name, dist));
  const kernels = ['kernels', 'peak']
    .flatMap((name) => [`${name}-simd.wasm`, `${name}-relaxed.wasm`])
    .filter(isMissing);
  const tfjs = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'].filter(isMissing);
  const ort = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs'].filter(isMissing);
  if (kernels.length + tfjs.length + ort.length === 0) return dist.href;
  // Other test files may read at the same time, so each file appears whole, by a rename.
  mkdirSync(dist, { recursive: true });
  const work = mkdtempSync(fileURLToPath(new URL('test-', dist)));
  if (kernels.length > 0) execFileSync(process.execPath, ['wasm/build.mjs', work], { cwd: fileURLToPath(root) });
  const { resolve } = createRequire(import.meta.url);
  for (const name of tfjs) copyFileSync(resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`), `${work}/${name}`);
  for (const name of ort) copyFileSync(resolve(`onnxruntime-web/${name}`), `${work}/${name}`);
  for (const name of [...kernels, ...tfjs, ...ort]) renameSync(`${work}/${name}`, new URL(name, dist));
  rmSync(work, { recursive: true });
  return dist.href;
}

/** The address of onnxruntime-web's own files, which the build only copies. */
export function ortAssets(): string {
  const { resolve } = createRequire(import.meta.url);
  return new URL('./', pathToFileURL(resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))).href;
}

/** How a test opens a backend: wasm from the files in dist/, on one thread, with plain SIMD, which every engine has. */
export function backendOptions(backend: 'cpu' | 'wasm'): BackendOptions {
  return backend === 'cpu' ? { backend } : { backend, threads: 1, simdLevel: 'simd', assetBase: builtAssets() };
}
