import type { LabelledDataset } from '../../data/dataset.ts';

/** The examples with other classes: class i becomes `places[i]`. */
export function renumbered(data: LabelledDataset, places: readonly number[]): LabelledDataset {
  const read: LabelledDataset['read'] = async (indices, signal) => {
    const examples = await data.read(indices, signal);
    return { ...examples, labels: examples.labels.map((label) => places[label] ?? label) };
  };
  return { ...data, read };
}
