import type { NdArray } from '../../../core/shape.ts';
import { readWeights, writeWeights } from '../../writeWeight.ts';
import type { OpenPart } from '../part.ts';

/** Keeps the weights of the best epoch, as the page judges it, and puts them back at the end. */
export const openKeepBest: OpenPart = ({ job, model, source }) => {
  const judge = source?.judge;
  if (!job.keepBest || judge === undefined) return undefined;
  let best: readonly NdArray[] | undefined;
  let isLast = true;
  return {
    async afterEvent({ epoch }) {
      const { isBest, isEnough } = await judge(epoch);
      isLast = isBest;
      if (isBest) best = await readWeights(model);
      return isEnough ? 'stop' : undefined;
    },
    // What was learned since the last verdict is not judged, so a run that was stopped keeps it.
    beforeStep: async () => {
      isLast = true;
    },
    state: async () => (best === undefined ? {} : { arrays: best }),
    restore({ arrays }) {
      best = arrays;
    },
    end() {
      if (best !== undefined && !isLast) writeWeights(model, best);
    },
  };
};
