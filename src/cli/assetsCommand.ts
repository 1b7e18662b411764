import { LimbeckError } from '../core/errors.ts';
import { bytes as bytesText } from '../core/figures.ts';
import { command } from './command.ts';
import type { Console } from './openConsole.ts';
import { jsonText } from './printable.ts';
import { type Written, writeFiles } from './writeFiles.ts';

/** Files that workers and pages fetch; each lies beside this command. */
const FILES = [
  'worker.js',
  'runWorker.js',
  'threads.js',
  'kernels-relaxed.wasm',
  'kernels-simd.wasm',
  'peak-relaxed.wasm',
  'peak-simd.wasm',
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-simd-shared.wasm',
  'ort.wasm.min.mjs',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
] as const;

/** Fetched only where a GPU is used, or by a benchmark that compares with tfjs's own builds. */
const GPU_FILES = [
  'tfjs-backend-wasm-threaded.js',
  'tfjs-backend-wasm-threaded-simd.wasm',
  'tfjs-backend-webgpu.js',
  'tfjs-backend-webgl.js',
  'ort.webgpu.min.mjs',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
] as const;

/** Everything that is copied. */
export const ASSET_FILES: readonly string[] = [...FILES, ...GPU_FILES];

export const assetsCommand = command({
  name: 'assets',
  summary: 'copies the files that limbeck fetches to a folder that your server serves',
  usage: '[options] --to DIR',
  about: `For bundlers that do not lay them beside the code. Then tell the page where they are, before anything else:
  import { configure } from 'limbeck';
  configure({ assets: '/limbeck/' });`,
  options: {
    to: { kind: 'text', value: 'DIR', help: 'such as public/limbeck; missing folders are made' },
    'without-gpu': { kind: 'flag', help: 'leaves out what only WebGPU, WebNN and benchmarks need' },
  },
  fails: 'where a file cannot be copied',
  work({ to, 'without-gpu': isSmall, json }, files, console) {
    if (!to || files.length > 0) {
      throw new LimbeckError('invalid-option', 'Say where to copy them: --to DIR, such as public/limbeck.');
    }
    return copyAssets(to.replace(/\/+$/, '') || '/', isSmall ? FILES : ASSET_FILES, json, console);
  },
});

async function copyAssets(to: string, names: readonly string[], asJson: boolean, console: Console): Promise<void> {
  const { fileURLToPath } = await import('node:url');
  const from = console.assetBase ?? new URL('.', import.meta.url).href;
  const written: Written[] = [];
  for (const name of names) {
    const bytes = await console.readFile(fileURLToPath(new URL(name, from)));
    written.push(...(await writeFiles({ [`${to}/${name}`]: bytes }, console)));
  }
  const total = written.reduce((sum, { bytes }) => sum + bytes, 0);
  console.write(asJson ? jsonText({ written }) : `written  ${to}/, ${names.length} files, ${bytesText(total)}\n`);
}
