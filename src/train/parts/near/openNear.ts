import type { OpenPart } from '../part.ts';
import { openNearReader } from './near.ts';

/** Asks the teacher beside the trainer about each batch, where the job says so. */
export const openNear: OpenPart = ({ job: { asksNearTeacher, size }, nearTeacher }) => {
  if (!asksNearTeacher) return undefined;
  const near = openNearReader(nearTeacher, size);
  return {
    read: (batch, { indices }) => near.withAnswers(batch, indices),
    results: () => ({ nearUsage: near.usage() }),
    end: () => near.release(),
  };
};
