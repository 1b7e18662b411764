import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';
import { given, type OptionsOf, positive, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions } from '../outputPair.ts';
import { divergence, meanOfExamples, softLogProbs } from '../rows.ts';

const OPTIONS = schema('formerOutputs', {
  /**
   * The student's classes [from, to) that are the teacher's classes 0 … to − from − 1. Default: the first ones, as many as
   * the teacher has.
   */
  classes: given<readonly [number, number]>(checkClasses),
  /** Softens both distributions. Default 2 (LwF). */
  temperature: positive(2),
  ...OUTPUT_PAIR.fields,
});

/** Which of the student's outputs the former model knew, and how soft they are compared. */
export interface FormerOutputsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Learning without forgetting (LwF): on the classes that a former model knew, the student keeps answering as it did; its
 * other classes are free. Use it with `crossEntropy` on the new labels.
 *
 * KL(softmax(teacher / T) ‖ softmax(student[from … from + K) / T)) of each example, without a factor T²; the loss is
 * their mean.
 * Shapes    studentLogits [B, C], teacherLogits [B, K], from + K ≤ C → [B]
 * Units     logits in, nats out
 * Reduces   mean over batch; no T²; KL(teacher‖student) on former classes
 * Weight    4 for T = 2, which is T², since the loss has no such factor; the authors have 1
 * Gradient  of the mean, reaches the student's former classes only: (p_student − p_teacher) / (T · B)
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Li and Hoiem 2016, "Learning without Forgetting", eq. 2 and 3, arXiv:1606.09282
 * Differs   the paper writes soft cross-entropy, which differs by the teacher's entropy, a constant; `softTargets`
 *           has the factor T², so a weight of T² here is a weight of 1 there
 * @example
 * const former = await snapshot(student);
 * weighted([{ loss: crossEntropy(), weight: 1 }, { loss: formerOutputs({ classes: [0, 10] }), weight: 4 }]);
 */
export function formerOutputs(options: FormerOutputsOptions = {}): Loss {
  const { classes, temperature, output, teacherOutput = output } = OPTIONS.read(options);
  return {
    name: 'formerOutputs',
    options: { ...(classes && { classes }), temperature, output, teacherOutput },
    reads: { student: [output], teacher: [teacherOutput], labels: false },
    isStatic: true,
    check({ student, teacher }) {
      const [ofStudent, ofTeacher] = [student[output] ?? [], teacher[teacherOutput] ?? []];
      const known = ofTeacher.at(-1) ?? 0;
      const [from, to] = classes ?? [0, known];
      if (ofStudent.length === 1 && ofTeacher.length === 1 && to - from === known && to <= (ofStudent[0] ?? 0)) return;
      throw new LimbeckError(
        'class-mismatch',
        `formerOutputs holds the student's classes ${from} to ${to - 1} against the teacher's; the student's "${output}" ` +
          `is ${formatShape([null, ...ofStudent])}, the teacher's "${teacherOutput}" ${formatShape([null, ...ofTeacher])}. ` +
          'Give "classes" as [from, to) with as many classes as the teacher has, all of them among the student’s.',
        { details: { classes: [from, to], student: ofStudent, teacher: ofTeacher } },
      );
    },
    ...meanOfExamples((tf, { student, teacher }) =>
      formerOutputsLoss(tf, named(student, output), named(teacher, teacherOutput), {
        from: classes?.[0] ?? 0,
        temperature,
      }),
    ),
  };
}

export function formerOutputsLoss(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  { from, temperature }: { from: number; temperature: number },
): Tensor1D {
  return tf.tidy(() => {
    const former = tf.slice(studentLogits, [0, from], [-1, teacherLogits.shape[1] as number]);
    return divergence(
      tf,
      softLogProbs(tf, stopGradient(tf, teacherLogits), temperature),
      softLogProbs(tf, former, temperature),
    ) as Tensor1D;
  });
}

/** Throws    invalid-option */
function checkClasses([from, to]: readonly [number, number]): void {
  checkCount(from, 'classes[0]', 0);
  checkCount(to, 'classes[1]', from + 1);
}
