import { count, fraction, type OptionsOf, oneOf, required, schema } from '../../../core/schema.ts';
import { checkSchedule, type Schedule } from '../../../losses/schedule.ts';

export interface ScheduleOption {
  /**
   * How the optimizer's learning rate changes during the run: what it is multiplied by at each step, such as `cosine(1, 0)`,
   * `oneCycle()` or `linear(0, 1, { end: 0.1 })`; or `{ type: 'plateau' }`, which lowers it where nothing improves any more.
   * Default: it stays the same.
   */
  readonly schedule?: Schedule | PlateauOptions;
}

const PLATEAU = schema(
  'schedule',
  {
    /** Tells it from a `Schedule`. */
    type: required(oneOf('plateau')()),
    /** What the rate is multiplied by then. Default 0.5. */
    factor: fraction(0.5),
    /** Epochs without a gain that are waited for; the next one lowers the rate. Default 2. */
    patience: count(0)(2),
    /** The rate falls no lower than to this fraction of the first. Default 0.01. */
    least: fraction(0.01),
  },
  'schedule.',
);

/**
 * Lowers the rate where nothing improves any more: by the metric of `keepBest`, where the run has that, else by the loss of the epoch.
 * Source    PyTorch's ReduceLROnPlateau, with a threshold of 0 and no cool-down
 */
export interface PlateauOptions extends OptionsOf<typeof PLATEAU> {}

export const isPlateau = (schedule: Schedule | PlateauOptions): schedule is PlateauOptions =>
  (schedule as Partial<PlateauOptions> | null)?.type === 'plateau';

export const readPlateau = (options: PlateauOptions) => PLATEAU.read(options);

/** Throws    invalid-option */
export function checkLearningSchedule(given: Schedule | PlateauOptions): void {
  if (isPlateau(given)) readPlateau(given);
  else checkSchedule(given, 'schedule');
}
