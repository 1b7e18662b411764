import { LimbeckError } from '../core/errors.ts';

/** The error for an output that a loss reads of a teacher who does not give it. */
export function missingOutput(name: string, given: readonly string[]): LimbeckError {
  return new LimbeckError(
    'unknown-output',
    `The loss reads the teacher's output "${name}"; it has ${given.map((n) => `"${n}"`).join(', ') || 'none'}. ` +
      'Let the teacher\'s "read" return it, or name an inner tensor in its "taps".',
    { details: { side: 'teacher', needed: name, given } },
  );
}
