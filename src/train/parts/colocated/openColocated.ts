import type { OpenPart } from '../part.ts';
import { openColocatedReader } from './colocated.ts';

/** Asks the colocated teacher about each batch, if the job says so. */
export const openColocated: OpenPart = ({ job: { asksColocatedTeacher, size }, colocatedTeacher }) => {
  if (!asksColocatedTeacher) return undefined;
  const reader = openColocatedReader(colocatedTeacher, size);
  return {
    read: (batch, { indices }) => reader.withAnswers(batch, indices),
    results: () => ({ colocatedUsage: reader.usage() }),
    end: () => reader.release(),
  };
};
