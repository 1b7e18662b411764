import { LimbeckError } from '../core/errors.ts';
import { bytes as bytesText } from '../core/figures.ts';
import { carryOut } from './carryOut.ts';
import type { Console } from './openConsole.ts';

/** Files that workers and pages fetch; each lies beside this command. */
const FILES = [
  'worker.js',
  'runWorker.js',
  'threads.js',
  'kernels-relaxed.wasm',
  'kernels-simd.wasm',
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-simd-shared.wasm',
  'ort.wasm.min.mjs',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
] as const;

/** Fetched only where a GPU is used. */
const GPU_FILES = [
  'tfjs-backend-webgpu.js',
  'ort.webgpu.min.mjs',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
] as const;

const HELP = `Copies the files that limbeck fetches to a folder that your server serves, for bundlers that do not lay them beside the code.

Usage
  limbeck assets [options] --to DIR

Then tell the page where they are, before anything else:
  import { configure } from 'limbeck';
  configure({ assets: '/limbeck/' });

Options
  --to DIR         such as public/limbeck
  --without-gpu    leaves out what only WebGPU and WebNN need
  -h, --help       this text

Ends with 0, with 1 where a file cannot be copied, with 2 where the command line is wrong.
`;

interface Request {
  readonly to: string;
  readonly names: readonly string[];
}

/** `limbeck assets`. Returns the exit code. */
export function assetsCommand(args: readonly string[], console: Console): Promise<number> {
  const work = (request: Request) => copyAssets(request, console);
  return carryOut({ name: 'assets', help: HELP, read: requestOf, work }, args, console);
}

async function requestOf(args: readonly string[]): Promise<Request | undefined> {
  const { parseArgs } = await import('node:util');
  const { values } = parseArgs({
    args: [...args],
    options: {
      to: { type: 'string' },
      'without-gpu': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (!values.to) throw new LimbeckError('invalid-option', 'Say where to copy them: --to DIR, such as public/limbeck.');
  return { to: values.to.replace(/\/+$/, '') || '/', names: values['without-gpu'] ? FILES : [...FILES, ...GPU_FILES] };
}

async function copyAssets({ to, names }: Request, console: Console): Promise<void> {
  const { fileURLToPath } = await import('node:url');
  const from = console.assetBase ?? new URL('.', import.meta.url).href;
  let total = 0;
  for (const name of names) {
    const bytes = await console.readFile(fileURLToPath(new URL(name, from)));
    await console.writeFile(`${to}/${name}`, bytes);
    total += bytes.length;
  }
  console.write(`written  ${to}/, ${names.length} files, ${bytesText(total)}\n`);
}
