import type { BenchRow } from 'limbeck';
import { countOf } from '../format.ts';
import { BACKENDS, WORKLOADS } from './setup.ts';

/** "onnxruntime, WebAssembly, 2 threads". */
export function placeOf(row: BenchRow): string {
  const { backend, threads, simdLevel } = row;
  const title = BACKENDS.find(({ name }) => name === backend)?.title ?? backend;
  const level = { simd: ', SIMD not fused', none: ', no SIMD', relaxed: '' }[simdLevel ?? 'relaxed'];
  return `${title}${hasThreads(row) ? `, ${countOf(threads, 'thread')}` : ''}${level}`;
}

/** "kernels × 2": what fits beside a bar. */
export function shortPlaceOf(row: BenchRow): string {
  const { backend, threads, simdLevel } = row;
  return `${backend}${hasThreads(row) ? ` × ${threads}` : ''}${simdLevel === 'simd' || simdLevel === 'none' ? ` ${simdLevel}` : ''}`;
}

function hasThreads({ backend, threads }: BenchRow): boolean {
  return /^(kernels|onnxruntime-wasm)$/.test(backend) && threads > 0;
}

export function workloadTitle(workload: string): string {
  return WORKLOADS.find(({ name }) => name === workload)?.title ?? workload;
}

/** One part of a report: what is compared with each other. */
export interface Group {
  readonly key: string;
  readonly model: string;
  readonly workload: string;
  readonly rows: readonly BenchRow[];
}

export function groupsOf(rows: readonly BenchRow[]): Group[] {
  const groups = new Map<string, BenchRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.model, row.workload]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, all]) => ({
    key,
    model: (all[0] as BenchRow).model,
    workload: (all[0] as BenchRow).workload,
    rows: all,
  }));
}
