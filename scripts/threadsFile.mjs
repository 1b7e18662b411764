// The text of dist/threads.js, from which every thread starts that helps another.
import { readFile } from 'node:fs/promises';
import { transform } from 'esbuild';

/** Vite writes a file that is smaller into the code that names it, and no policy lets workers start from there. */
const LEAST_BYTES = 4096;

export async function threadsFile() {
  const text = await kernelThreadText();
  return `${text}${' '.repeat(Math.max(0, LEAST_BYTES + 1 - Buffer.byteLength(text)))}`;
}

export async function kernelThreadText() {
  const helper = new URL('../src/runtime/kernels/kernelThread.ts', import.meta.url);
  return (await transform(await readFile(helper, 'utf8'), { loader: 'ts', format: 'iife', minify: true })).code;
}
