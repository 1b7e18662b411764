// The small problem of engineCases.ts with labels. Only tests import this file.
import type { TrainSource } from './engine.ts';
import { classes, problem, sourceOf } from './engineCases.ts';

const labels = Int32Array.from(classes(problem.teacher));

/** A source that records the size of each read. */
export function labelledSource(): TrainSource & { readonly reads: readonly number[] } {
  const source = sourceOf(problem);
  const reads: number[] = [];
  return {
    ...source,
    reads,
    async read(indices) {
      reads.push(indices.length);
      return { ...(await source.read(indices)), labels: indices.map((i) => labels[i] as number) };
    },
  };
}
