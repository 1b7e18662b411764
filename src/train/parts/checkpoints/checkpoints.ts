import { LimbeckError } from '../../../core/errors.ts';
import { count, given, type OptionsOf, required, schema } from '../../../core/schema.ts';
import type { Store } from '../../../storage/store.ts';

const OPTIONS = schema(
  'checkpoints',
  {
    /** Where they are kept, such as `await openStore('runs')`. It stays yours. */
    store: required(
      given<Store>((store) => {
        if (typeof store?.get === 'function' && typeof store.put === 'function') return;
        throw new LimbeckError('invalid-option', '"checkpoints.store" must be a store; await openStore(…) gives one.');
      }),
    ),
    /** Epochs from one to the next. Default 1. */
    everyEpochs: count()(1),
  },
  'checkpoints.',
);

/**
 * Keeps all that a run needs to go on: weights, the optimizer's state, what the loss learns, and where it is in data and chance. The
 * same call of `distill`, with a student as new as it was then, goes on after the last one and gives bit for bit the student of a run
 * that was never interrupted; other students, options, loss, sizes, versions or backends begin anew. When the run is complete, it is removed.
 */
export interface CheckpointOptions extends OptionsOf<typeof OPTIONS> {}

export interface CheckpointsOption {
  /** Keeps the run's state between epochs, so that the same call goes on where a closed tab ended it. Default: none is kept. */
  readonly checkpoints?: CheckpointOptions;
}

export const readCheckpoints = (options: CheckpointOptions) => OPTIONS.read(options);
