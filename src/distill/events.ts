import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { EpochEvent, StepEvent } from '../train/events.ts';
import type { PartEvent } from '../train/parts/options.ts';

/** The stages of a run, in order. */
export type Phase = 'check' | 'train' | 'control' | 'done';

/** What a run reports while it works. */
export type DistillEvent =
  | { readonly type: 'phase'; readonly phase: Phase; readonly backend?: BackendDescription }
  | { readonly type: 'notice'; readonly message: string }
  | {
      /** While all examples are checked, before the teacher is asked. */
      readonly type: 'examples';
      readonly looked: number;
      readonly total: number;
    }
  | {
      readonly type: 'teacher';
      /** Examples the teacher has answered, of all it will be asked. */
      readonly answered: number;
      readonly total: number;
      readonly examplesPerSecond: number;
      readonly remainingMs: number;
    }
  | PartEvent
  | {
      /** While the student without a teacher learns (`control`); counted from 1, steps of an epoch. */
      readonly type: 'control';
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly remainingMs: number;
    }
  | (StepEvent & { readonly remainingMs: number })
  | (EpochEvent & {
      readonly remainingMs: number;
      /**
       * Metrics on the held-out examples, by name. For classes: agreement and, with labels, accuracy, the
       * teacher's accuracy, calibration error and negative log-likelihood; for values the coefficient of determination and
       * the root mean squared error; for embeddings cosine similarity and neighbours kept; and your own.
       */
      readonly holdout: Readonly<Record<string, number>>;
    });
