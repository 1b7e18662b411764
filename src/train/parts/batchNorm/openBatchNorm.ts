import type { OpenPart } from '../part.ts';
import { type BatchNormEvent, estimateBatchNorm } from './estimateBatchNorm.ts';

/**
 * Estimates the statistics of batch normalization after the last step, from inputs alone, if steps have changed them; after each
 * epoch where any may be the one that is kept.
 */
export const openBatchNorm: OpenPart = ({ job, source, emit }) => {
  if (source === undefined) return undefined;
  let last: BatchNormEvent | undefined;
  return {
    async afterEpoch({ epoch, epochs }, run) {
      if ((epoch < epochs && !job.keepBest) || run.movesStatistics === false) return undefined;
      const readInputs = (indices: Int32Array) => source.readInputs(indices);
      for await (const event of estimateBatchNorm({ ...run, readInputs })) {
        last = event;
        await emit(event);
      }
      return undefined;
    },
    report: async () => (last === undefined ? {} : { batchNorm: { layers: last.layers, examples: last.examples } }),
  };
};
