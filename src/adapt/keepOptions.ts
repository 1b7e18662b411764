import { count, given, notNegative, type OptionsOf, schema } from '../core/schema.ts';
import { checkNotEmpty, type Dataset, type LabelledDataset } from '../data/dataset.ts';

export const KEEP = schema('keep', {
  /**
   * Weight of the base's own answers, where labels have 1: on the replayed examples, or on the person's own where none is
   * replayed (LwF). Default: 2; 0 with `ewc`.
   */
  former: notNegative(),
  /** Examples of the base's own data to learn along; without labels, the base's own answers are their labels. */
  replay: given<Dataset | LabelledDataset>(checkNotEmpty),
  /** At most so many of them, drawn by the seed. Default 200. */
  replayExamples: count()(200),
  /**
   * How strongly each weight is pulled back to its former value, by its importance (EWC). The importance is measured on the
   * replayed examples, or on the person's if there are none. Default 0.
   */
  ewc: notNegative(0),
});

/** What keeps the base's own knowledge while it learns something new. */
export interface KeepOptions extends OptionsOf<typeof KEEP> {}

/** How many examples are learned along. */
export function replayedBy(keep: KeepOptions = {}): number {
  const { replay, replayExamples } = KEEP.read(keep);
  return Math.min(replay?.size ?? 0, replayExamples);
}
