// The text of dist/threads.js, from which every thread starts that helps another: tfjs's threads and the kernels' helpers.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { transform } from 'esbuild';

const require = createRequire(import.meta.url);
const glue = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd';

/**
 * tfjs's own two texts as they are, because a minifier renames what they call each other, and then ours. One file,
 * because bundlers write a small one into the code that names it, and workers do not start from there.
 */
export async function threadsFile() {
  const { wasmWorkerContents } = require(`${glue}.worker.js`);
  const factory = await readFile(require.resolve(`${glue}.js`), 'utf8');
  // The escape is lost in tfjs's template, and tfjs puts it back in the same way.
  return [factory, wasmWorkerContents.replace(/\n/g, '\\n'), await kernelThreadText()].join('\n');
}

export async function kernelThreadText() {
  const helper = new URL('../src/runtime/kernels/kernelThread.ts', import.meta.url);
  return (await transform(await readFile(helper, 'utf8'), { loader: 'ts', format: 'iife', minify: true })).code;
}
