import { takeRunState } from '../../runState.ts';
import type { OpenPart } from '../part.ts';

/** Gives the page the state of the run between epochs. It comes last, so that all others have finished theirs. */
export const openCheckpoints: OpenPart = ({ job, optimizer, source }) => {
  const keep = source?.keepState;
  const { checkpointEpochs: every } = job;
  if (every === undefined || keep === undefined || optimizer === undefined) return undefined;
  return {
    async afterEvent({ epoch, epochs }, { model, loss, parts = [] }) {
      if (epoch < epochs && epoch % every === 0)
        await keep(await takeRunState({ model, optimizer, loss, parts }, epoch));
      return undefined;
    },
  };
};
