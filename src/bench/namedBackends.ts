import { LimbeckError } from '../core/errors.ts';
import { didYouMean } from '../core/nearNames.ts';
import { detectWasm, type SimdLevel } from '../runtime/capabilities.ts';
import { type BackendFamily, backendOf, isUsualHere } from './backendFamily.ts';
import { kernels } from './backends/kernels.ts';
import { onnxruntimeNative, onnxruntimeWasm, onnxruntimeWebgpu, onnxruntimeWebnn } from './backends/onnxruntime.ts';
import { tfjsCpu, tfjsWasm, tfjsWebgl, tfjsWebgpu } from './backends/tfjs.ts';
import type { BenchBackend } from './subject.ts';

const FAMILIES: readonly BackendFamily[] = [
  kernels,
  ...[onnxruntimeWasm, onnxruntimeWebgpu, onnxruntimeWebnn, onnxruntimeNative],
  ...[tfjsCpu, tfjsWasm, tfjsWebgl, tfjsWebgpu],
];

/** More threads than this leave none for the page. */
const MOST_THREADS = 4;
const LEVELS: readonly SimdLevel[] = ['relaxed', 'simd'];

/**
 * One of limbeck's backends by its name, with threads and SIMD level where it has them: 'kernels', 'kernels:2', 'kernels:1:simd',
 * 'onnxruntime-wasm:2', 'tfjs-webgl'. Without a number it takes the cores of the device, 4 at most, or 1 where there are no threads.
 * Throws    invalid-option: no such backend, or it has no threads or levels
 *
 * @example
 * const backend = await benchBackend('kernels:2');
 */
export async function benchBackend(name: string): Promise<BenchBackend> {
  const { family, threads, simdLevel } = parseName(name);
  return backendOf(family, threads ?? (family.hasThreads ? await mostThreads() : 1), simdLevel);
}

/** Throws    invalid-option: no name of a backend */
export function checkBackendName(name: string): void {
  parseName(name);
}

/** What is measured if nothing is named: with one thread, and with as many as there are, up to four. */
export async function usualBackends(): Promise<readonly string[]> {
  const most = await mostThreads();
  const each = most === 1 ? [1] : [1, most];
  return FAMILIES.filter(isUsualHere).flatMap(({ name, hasThreads }) =>
    hasThreads ? each.map((threads) => `${name}:${threads}`) : [name],
  );
}

async function mostThreads(): Promise<number> {
  const { hasThreads, cores } = await detectWasm();
  return hasThreads ? Math.min(MOST_THREADS, cores) : 1;
}

function parseName(given: string) {
  const [name, threads, level, ...rest] = String(given).split(':');
  const family = FAMILIES.find((one) => one.name === name);
  if (family === undefined) {
    const names = FAMILIES.map((one) => one.name);
    throw refused(given, `There are ${names.join(', ')}.${didYouMean(name ?? '', names)}`);
  }
  if (threads !== undefined && !family.hasThreads) throw refused(given, `"${name}" takes no number of threads.`);
  if (threads !== undefined && !/^[1-9]\d{0,2}$/.test(threads)) {
    throw refused(given, `After the colon stands a number of threads: "${name}:2".`);
  }
  const isLevel = level === undefined || (family.hasLevels && LEVELS.includes(level as SimdLevel));
  if (!isLevel || rest.length > 0) {
    const hint = family.hasLevels
      ? `A SIMD level is ${LEVELS.join(' or ')}: "${name}:1:simd".`
      : `"${name}" has no levels.`;
    throw refused(given, hint);
  }
  return {
    family,
    threads: threads === undefined ? undefined : Number(threads),
    simdLevel: level as SimdLevel | undefined,
  };
}

function refused(given: string, hint: string): LimbeckError {
  return new LimbeckError('invalid-option', `"backends" names "${given}", which is no backend. ${hint}`, {
    details: { name: 'backends', given },
  });
}
