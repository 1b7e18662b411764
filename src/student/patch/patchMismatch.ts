import { type ErrorDetails, LimbeckError } from '../../core/errors.ts';

/** The error of a patch and a student, or of two patches, that do not fit each other. */
export function patchMismatch(why: string, details: ErrorDetails = {}): LimbeckError {
  return new LimbeckError(
    'patch-mismatch',
    `The patch does not fit: ${why}. A patch fits only the student that it was made for; use that one, or make the ` +
      'patch again.',
    { details },
  );
}

/** The first digits of a hash, enough to tell two apart. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
