import { LimbeckError } from '../../core/errors.ts';

/** The error of work that several threads did, one of which is gone. */
export function threadDied(threads: number, patienceMs: number): LimbeckError {
  return new LimbeckError(
    'thread-died',
    `One of the ${threads} threads that compute together has died, or did not move for ${patienceMs / 1000} s. What it ` +
      'was asked for is not whole; ask again, and fewer threads compute it.',
    { details: { threads } },
  );
}
