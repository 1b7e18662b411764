import { countOf, percent } from '../../core/figures.ts';
import type { BenchKey, BenchRow } from '../report.ts';

/** How a sentence names where a backend computes. */
const PLACES: Readonly<Record<string, string>> = {
  wasm: 'WebAssembly',
  webgpu: 'WebGPU',
  webgl: 'WebGL',
  webnn: 'WebNN',
  cpu: 'plain JavaScript',
  native: 'the native build',
};

/** 'onnxruntime' of 'onnxruntime-webgpu': whose it is. */
export function familyOf(backend: string): string {
  return backend.split('-', 1)[0] as string;
}

/** 'onnxruntime on WebGPU'. */
export function backendName(backend: string): string {
  const [family = '', place = ''] = backend.split(/-(.*)/s);
  return Object.hasOwn(PLACES, place) ? `${family} on ${PLACES[place]}` : backend;
}

/** 'kernels, 2 threads, batch 16': what tells the rows of one model and workload apart. */
export function placeName({ backend, threads, simdLevel, batch }: Omit<BenchKey, 'workload' | 'model'>): string {
  const hasThreads = !/-web(gpu|gl|nn)$/.test(backend) && threads > 0;
  const level = simdLevel === 'simd' ? ' without relaxed SIMD' : simdLevel === 'none' ? ' without SIMD' : '';
  return [
    `${backendName(backend)}${level}`,
    ...(hasThreads ? [countOf(threads, 'thread')] : []),
    ...(batch > 1 ? [`batch ${batch}`] : []),
  ].join(', ');
}

/** The same for rows of the same key only. */
export function keyOf({ workload, model, backend, threads, simdLevel, batch }: BenchKey): string {
  return JSON.stringify([workload, model, backend, threads, simdLevel ?? null, batch]);
}

/** Whether a row has a figure that counts. */
export function hasRun(row: BenchRow): boolean {
  return row.isRight && costOf(row) > 0;
}

/** It computed, and not what the reference does: a row that is skipped for another reason was compared with nothing. */
export function isWrong({ isRight, errorFraction }: BenchRow): boolean {
  return !isRight && errorFraction !== undefined;
}

/** What less is better of: bytes of the workload `memory`, else milliseconds. NaN where it is unknown. */
export function costOf({ workload, peakBytes = Number.NaN, medianMs }: BenchRow): number {
  return workload === 'memory' ? peakBytes : medianMs;
}

/** What there is to know of a row besides its figures. */
export function notesOf(row: BenchRow): string {
  const { skipped, notices, errorFraction } = row;
  const byHowMuch =
    isWrong(row) && errorFraction !== undefined ? [`They differ by ${percent(errorFraction)} at most.`] : [];
  return [...(skipped === undefined ? [] : [skipped]), ...byHowMuch, ...notices].join(' ');
}
