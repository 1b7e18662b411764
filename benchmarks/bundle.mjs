import { build } from 'esbuild';

/** A page's script with all that it imports, as the server's `extra` takes it. */
export async function bundle(entry, alias = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions: ['onnxruntime-web-use-extern-wasm'],
    alias,
    // What packages load only where they run in Node: random-js, of the random forest, takes the second. jax-js is served beside its worker.
    external: ['node:fs/promises', 'crypto', '/jax.js'],
    logLevel: 'error',
  });
  return { type: 'text/javascript', body: outputFiles[0].text };
}
