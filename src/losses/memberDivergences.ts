import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, required, schema } from '../core/schema.ts';
import { formatShape } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { checkOutputName } from './featurePair.ts';
import type { LossShapes } from './loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from './outputPair.ts';
import { divergence, softLogProbs } from './rows.ts';
import { checkSameClasses, shapeOfOutput } from './sameClasses.ts';

export const MEMBERS = schema('the members', {
  /**
   * One output of each teacher, at least two, such as ['logits@0', 'logits@1']: what `ensemble` gives with
   * mean: 'losses'.
   */
  teacherOutputs: required(given<readonly string[]>()),
  ...STUDENT_OUTPUT.fields,
});

/** What losses over several teachers share. */
export interface MembersOptions extends StudentOutputOptions, OptionsOf<typeof MEMBERS> {}

/**
 * T² · KL(softmax(member / T) ‖ softmax(student / T)) for each example and each teacher.
 * Shapes    student [B, C], members [B, C] each → [B, K]
 * Units     logits in; nats out
 * Gradient  reaches the student, and the members unless they are blocked
 * Throws    nothing
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531
 */
export function memberDivergences(tf: Tf, student: Tensor, members: readonly Tensor[], temperature: number): Tensor2D {
  return tf.tidy(() => {
    const logQ = softLogProbs(tf, student, temperature);
    const rows = members.map((member) => divergence(tf, softLogProbs(tf, member, temperature), logQ));
    return tf.mul(tf.stack(rows, 1), temperature * temperature) as Tensor2D;
  });
}

/** Throws    invalid-option: fewer than two, or one of them twice */
export function checkMembers(teacherOutputs: readonly string[], subject: string): void {
  const isList = Array.isArray(teacherOutputs) && teacherOutputs.length >= 2;
  if (isList) for (const name of teacherOutputs) checkOutputName(name, `"teacherOutputs" of ${subject}`);
  if (isList && new Set(teacherOutputs).size === teacherOutputs.length) return;
  throw new LimbeckError(
    'invalid-option',
    `"teacherOutputs" of ${subject} must name two outputs at least, each once, such as ['logits@0', 'logits@1'], which ` +
      "ensemble(teachers, { mean: 'losses' }) gives.",
  );
}

/** Throws    shape-mismatch · class-mismatch · unknown-output */
export function checkMemberShapes(
  shapes: LossShapes,
  output: string,
  teacherOutputs: readonly string[],
  subject: string,
): void {
  for (const teacherOutput of teacherOutputs) checkSameClasses(shapes, output, teacherOutput, subject);
  const shape = shapeOfOutput(shapes, 'student', output, subject);
  if (shape.length === 1) return;
  throw new LimbeckError(
    'shape-mismatch',
    `${subject} weighs teachers for each example, and the student's "${output}" is ${formatShape([null, ...shape])}; it ` +
      'must be [B, C]. Choose an output with one row of classes an example.',
    { details: { output, shape } },
  );
}
