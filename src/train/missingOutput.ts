import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';

/** The error for an output that a loss reads and the teacher does not give. */
export function missingOutput(name: string, given: readonly string[]): LimbeckError {
  const isOnly = given.length === 1 && given[0] === DEFAULT_OUTPUT;
  return new LimbeckError(
    'unknown-output',
    `The loss reads the teacher's output "${name}"; it has ${given.map((n) => `"${n}"`).join(', ') || 'none'}. ${
      isOnly
        ? `That is the name of an only output: give the loss teacherOutput: "${DEFAULT_OUTPUT}".`
        : 'Let the teacher\'s "read" return it, or name an inner tensor in its "taps".'
    }`,
    { details: { side: 'teacher', needed: name, given } },
  );
}
