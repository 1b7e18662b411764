import { LimbeckError } from '../core/errors.ts';
import { checkPositive } from '../core/options.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Teacher } from './teacher.ts';

/**
 * The same teacher with its logits divided by a temperature: what it names stays, how sure it is changes. The teacher
 * stays the caller's: disposing the calibrated one does not dispose it.
 * Shapes    the output [B, ..., C] → the same; other outputs are untouched
 * Units     logits in and out; above 1 the answers become softer
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
  const { usage } = teacher;
  let isDisposed = false;
  return {
    get description() {
      const { identity, ...rest } = teacher.description;
      const own = identity !== undefined && {
        identity: `calibrated:${JSON.stringify([temperature, output, identity])}`,
      };
      return { ...rest, ...own };
    },
    async ask(inputs, signal) {
      if (isDisposed) throw new LimbeckError('disposed', 'The calibrated teacher was disposed; make another.');
      return scaled(await teacher.ask(inputs, signal), temperature, output);
    },
    nextBatchSize: () => teacher.nextBatchSize?.(),
    timeMs: (inputs, repeats) => teacher.timeMs(inputs, repeats),
    watch: (listener) => teacher.watch?.(listener) ?? (() => undefined),
    ...(usage && { usage: () => usage.call(teacher) }),
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
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
