import { type MeasurementMemory, measurementMemory } from '../storage/deviceProfile.ts';
import type { MeasuredSteps } from './job.ts';
import type { ThreadFigures } from './threadChoice.ts';

/**
 * Remembers, with what is known of the device, on how many threads such steps are faster. What a benchmark found of the same student
 * stands in until its own steps were measured.
 */
export async function threadMemory({ student, ...what }: MeasuredSteps): Promise<MeasurementMemory<ThreadFigures>> {
  const own = await measurementMemory({ kind: 'training', name: student, what, parse });
  return {
    ...own,
    recall: async () => (await own.recall()) ?? (await (await benchmarkedThreads({ student, ...what })).recall()),
  };
}

/** What a benchmark found of the steps of a student, whatever their loss and batch. Its weights tell which student it is. */
export function benchmarkedThreads({
  student,
  weights,
  threads,
  simdLevel,
}: Pick<MeasuredSteps, 'student' | 'weights' | 'threads' | 'simdLevel'>): Promise<MeasurementMemory<ThreadFigures>> {
  // A saved model may list them in another order.
  const sizes = weights.map((shape) => shape.join(' ')).sort();
  return measurementMemory({ kind: 'training', name: student, what: { sizes, threads, simdLevel }, parse });
}

function parse({ oneMs, allMs }: Readonly<Record<string, unknown>>): ThreadFigures | undefined {
  return isTime(oneMs) && isTime(allMs) ? { oneMs, allMs } : undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
