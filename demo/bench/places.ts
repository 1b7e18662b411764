import type { BenchRow } from 'limbeck';
import { WORKLOADS } from './setup.ts';
import { placeName } from './words.ts';

/** "onnxruntime on WebAssembly, 2 threads": where a table has a column for the batch. */
export function placeOf(row: BenchRow): string {
  return placeName({ ...row, batch: 1 });
}

/** "kernels × 2": what fits beside a bar. */
export function shortPlaceOf({ backend, threads, simdLevel }: BenchRow): string {
  return `${backend}${threads > 1 ? ` × ${threads}` : ''}${simdLevel === 'simd' ? ' simd' : ''}`;
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
  const groups = new Map<string, Group & { readonly rows: BenchRow[] }>();
  for (const row of rows) {
    const { model, workload } = row;
    const key = JSON.stringify([model, workload]);
    const group = groups.get(key) ?? { key, model, workload, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}
