// The text of dist/threads.js, from which everything starts that runs beside a page and its workers: threads that help another,
// and, in an AudioWorklet, what hands sound to the page.
import { readFile } from 'node:fs/promises';
import { transform } from 'esbuild';

/** Vite writes a file that is smaller into the code that names it, and no policy lets workers start from there. */
const LEAST_BYTES = 4096;

export async function threadsFile() {
  const [thread, processor] = await Promise.all([kernelThreadText(), textOf('../src/predict/listen/hearProcessor.ts')]);
  // Only an AudioWorklet knows processors.
  const text = `if(typeof registerProcessor==='function'){${processor}}else{${thread}}`;
  return `${text}${' '.repeat(Math.max(0, LEAST_BYTES + 1 - Buffer.byteLength(text)))}`;
}

export const kernelThreadText = () => textOf('../src/runtime/kernels/kernelThread.ts');

async function textOf(path) {
  const source = await readFile(new URL(path, import.meta.url), 'utf8');
  return (await transform(source, { loader: 'ts', format: 'iife', minify: true })).code;
}
