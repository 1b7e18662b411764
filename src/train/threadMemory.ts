import { type MeasurementMemory, measurementMemory } from '../storage/deviceProfile.ts';
import type { MeasuredSteps } from './job.ts';
import type { ThreadFigures } from './threadChoice.ts';

/** Remembers, with what is known of the device, on how many threads such steps are faster. */
export function threadMemory({ student, ...what }: MeasuredSteps): Promise<MeasurementMemory<ThreadFigures>> {
  return measurementMemory({ kind: 'training', name: student, what, parse });
}

function parse({ oneMs, allMs }: Readonly<Record<string, unknown>>): ThreadFigures | undefined {
  return isTime(oneMs) && isTime(allMs) ? { oneMs, allMs } : undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
