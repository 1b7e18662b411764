import { LimbeckError } from '../core/errors.ts';
import { checkPositive } from '../core/options.ts';
import type { NamedArrays } from '../core/shape.ts';
import { changedTeacher } from './changedTeacher.ts';
import { readAsLogits } from './readAsLogits.ts';
import type { Teacher } from './teacher.ts';

/**
 * The same teacher with its logits divided by a temperature: its classes stay, its confidence changes. The inner teacher stays
 * the caller's: disposing the calibrated one does not dispose it.
 * Shapes    the output [B, ..., C] → the same; other outputs are untouched
 * Units     logits in and out, or probabilities in, which are recognised; above 1 the answers become softer
 * Throws    invalid-option · unknown-output · what the teacher throws · AbortError
 * Source    Guo, Pleiss, Sun, Weinberger 2017, §4.2, arXiv:1706.04599
 *
 * @example
 * const { findings, teachers } = await inspectTeacher(teacher, labelled).done;
 * show(findings);
 * const better = calibrated(teacher, teachers[0]?.truth?.fitted?.temperature ?? 1);
 */
export function calibrated(teacher: Teacher, temperature: number, output = 'logits'): Teacher {
  checkPositive(temperature, 'temperature');
  if (typeof teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'calibrated needs a teacher; load one with loadTeacher(…).done.');
  }
  const reading = readAsLogits(teacher, [output]);
  return changedTeacher(reading, {
    what: 'The calibrated teacher',
    change: (answer) => scaled(answer, temperature, output),
    describe({ identity, ...rest }) {
      const own = identity !== undefined && {
        identity: `calibrated:${JSON.stringify([temperature, output, 'logits', identity])}`,
      };
      return { ...rest, ...own };
    },
  });
}

function scaled(answer: NamedArrays, temperature: number, output: string): NamedArrays {
  const logits = answer[output];
  if (logits === undefined) {
    throw new LimbeckError(
      'unknown-output',
      `The teacher to calibrate has no output "${output}"; it gives ${Object.keys(answer).join(', ') || 'none'}. Name ` +
        'the one that holds its logits.',
      { details: { output, given: Object.keys(answer) } },
    );
  }
  return {
    ...answer,
    [output]: { data: Float32Array.from(logits.data, (logit) => logit / temperature), shape: logits.shape },
  };
}
