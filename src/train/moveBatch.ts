import type { NamedArrays } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { isFresh } from '../data/fresh.ts';
import { moved } from '../workers/transfer.ts';
import type { TrainBatch } from './batch.ts';

/**
 * A batch of this dataset for the trainer: its arrays are moved instead of copied, the inputs only if the dataset keeps none
 * of them. The teacher's answers must be new arrays.
 */
export function moveBatch<Batch extends TrainBatch>(batch: Batch, data: Dataset): Batch {
  return moved(batch, isFresh(data) ? batch.inputs : {}, batch.teacher);
}

/** The inputs of some examples, for the trainer. */
export async function readInputs(data: Dataset, indices: Int32Array, signal: AbortSignal): Promise<NamedArrays> {
  const { inputs } = await data.read(indices, signal);
  return isFresh(data) ? moved(inputs) : inputs;
}
