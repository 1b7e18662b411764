import { isNode } from '../core/node.ts';
import { detectWasm, type SimdLevel } from '../runtime/capabilities.ts';
import type { BenchBackend } from './subject.ts';
import type { BenchPlace } from './workload.ts';
import { workloads } from './workloads.ts';

/** Backends that differ in threads and SIMD level only. Each file of `backends/` exports some. */
export interface BackendFamily {
  /** As reports name it: 'onnxruntime-wasm'. */
  readonly name: string;
  /** Whether it computes with as many threads as are asked for. */
  readonly hasThreads: boolean;
  /** Whether a lower SIMD level than the engine's may be asked for. */
  readonly hasLevels: boolean;
  readonly isOnGpu: boolean;
  /** Where it is measured if nobody names it. */
  readonly usual: 'everywhere' | 'pages' | 'node';
  /** Why it is not here, as a sentence. */
  obstacle(threads: number): Promise<string | undefined>;
  place(threads: number, simdLevel: SimdLevel | undefined): BenchPlace;
}

/** Whether it is measured here if nobody names it. */
export function isUsualHere({ usual }: BackendFamily): boolean {
  return usual === 'everywhere' || (usual === 'node') === isNode();
}

/** One of a family. */
export function backendOf(family: BackendFamily, threads: number, simdLevel: SimdLevel | undefined): BenchBackend {
  const place = family.place(threads, simdLevel);
  return {
    name: family.name,
    threads,
    simdLevel,
    isOnGpu: family.isOnGpu,
    async obstacle(workload, model) {
      return (
        (await family.obstacle(threads)) ??
        workloads[workload].obstacle(place, model) ??
        (await wasmObstacle(family, threads, simdLevel))
      );
    },
    async open(workload, model, batch, signal) {
      const subject = await workloads[workload].open(place, model, batch, signal);
      const { why } = await detectWasm();
      const notices = family.hasThreads && why['threads'] !== undefined ? [why['threads']] : [];
      return { ...subject, notices: [...new Set([...subject.notices, ...notices])] };
    },
  };
}

/** Why so many threads, or this level, cannot be had here. */
async function wasmObstacle(
  { hasThreads, hasLevels }: BackendFamily,
  threads: number,
  simdLevel: SimdLevel | undefined,
): Promise<string | undefined> {
  const wasm = await detectWasm();
  if (hasThreads && threads > 1 && !wasm.hasThreads) return wasm.why['threads'] ?? 'There are no threads here.';
  if (hasLevels && simdLevel === 'relaxed') return wasm.why['simd'] ?? wasm.why['relaxed'];
  return undefined;
}
