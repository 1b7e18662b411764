// How much of everything there is, in both settings.
import type { AugmentOptions } from 'limbeck';

export type SettingName = 'few' | 'all';

export const BATCH = 64;
export const SIDE = 28;
export const CLASSES = 10;
export const optimizer = { name: 'adam', learningRate: 1e-3 } as const;

/** How digits are varied, in rows that say so. */
export const VARIED: AugmentOptions = { shift: 2, rotate: 10, scale: 0.1 };

/** How much of everything; `quick` is for a look at whether it works. */
export interface Amounts {
  readonly examples: number;
  readonly heldOut: number;
  readonly labelled: number;
  /** Steps of a row, in epochs of all examples. */
  readonly epochs: Readonly<Record<SettingName, number>>;
  readonly teacherEpochs: number;
}

export const FULL: Amounts = {
  examples: 8000,
  heldOut: 2000,
  labelled: 200,
  epochs: { few: 5, all: 5 },
  teacherEpochs: 12,
};
export const QUICK: Amounts = {
  examples: 640,
  heldOut: 200,
  labelled: 100,
  epochs: { few: 1, all: 1 },
  teacherEpochs: 1,
};
