import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkOutputName } from '../featurePair.ts';
import { type Loss, named, parameter, stopGradient } from '../loss.ts';
import { checkMemberShapes, checkMembers, MEMBERS, type MembersOptions } from '../memberDivergences.ts';
import { featuresOf } from '../projector.ts';
import { meanOfExamples, softLogProbs } from '../rows.ts';

const OPTIONS = schema('learnedTeachers', {
  ...MEMBERS.fields,
  /** The student's features that choose the teachers: a vector, or a map, which is averaged over its positions. */
  features: required(given<string>()),
  /** Softens the targets, not the weights; above 0. Default 5 (AMTML-KD's code). */
  temperature: positive(5),
});

/** Which teachers, and the student's features that weight them. */
export interface LearnedTeachersOptions extends MembersOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Learned weights of several teachers (AMTML-KD): for each example, a trained map of the student's own features decides how
 * much each teacher counts, and the student learns the weighted mean of their logits.
 *
 * T² · KL(softmax(z / T) ‖ softmax(student / T)) of z = Σ_k μ_k · teacher_k, where
 * μ = softmax_k((features ⊙ factors_k) · kernel).
 * Shapes    student [B, C], teachers K times [B, C], weights μ [B, K] → [B]; the loss is their mean
 * Units     logits in; nats out
 * Reduces   mean over batch; ×T²; KL(weighted mean of logits‖student)
 * Weight    1, as softTargets
 * Gradient  reaches the student's logits and, through μ, its features and the trained map; no teacher
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Liu, Zhang, Wang 2020, §3.2, arXiv:2103.04062; FLHonker/AMTML-KD-code
 * Differs   only the soft-target half. For the relations between examples (RKD) that the paper adds, combine it with
 *           `relationDistance` and `relationAngle` in `weighted`, for groups of hint layers with `featureHint`. We leave
 *           out the code's penalty on the weights (0.1), and its factor is 2 α T² where ours is T². Weights that learn
 *           from this loss alone may prefer the teacher that is easiest to follow: combine it with `crossEntropy`.
 * @example
 * learnedTeachers({ teacherOutputs: ['logits@0', 'logits@1'], features: 'features' });
 */
export function learnedTeachers(options: LearnedTeachersOptions): Loss {
  const { teacherOutputs, output, features, temperature } = OPTIONS.read(options);
  checkMembers(teacherOutputs, 'learnedTeachers');
  checkOutputName(features, '"features" of learnedTeachers');
  return {
    name: 'learnedTeachers',
    options: { teacherOutputs: [...teacherOutputs], output, features, temperature },
    reads: { student: [...new Set([output, features])], teacher: [...teacherOutputs], labels: false },
    isStatic: true,
    check(shapes) {
      checkMemberShapes(shapes, output, teacherOutputs, 'learnedTeachers');
      const shape = shapes.student[features] ?? [];
      if (shape.length >= 1 && typeof shape.at(-1) === 'number') return;
      throw new LimbeckError(
        'shape-mismatch',
        `learnedTeachers weighs teachers by the student's "${features}", which must be a vector [F] or a map ` +
          `[H, W, F] of a fixed number of features; it is ${formatShape(shape)}.`,
        { details: { features, shape } },
      );
    },
    parameters(shapes) {
      const width = featuresOf(shapes.student[features], `the student's "${features}"`);
      return {
        factors: { shape: [teacherOutputs.length, width], initial: 'glorot-uniform' },
        kernel: { shape: [width, 1], initial: 'glorot-uniform' },
      };
    },
    ...meanOfExamples((tf, tensors) => {
      const members = teacherOutputs.map((name) => named(tensors.teacher, name));
      const [factors, kernel] = [parameter(tensors, 'factors'), parameter(tensors, 'kernel')];
      const weights = teacherWeights(tf, named(tensors.student, features), factors, kernel);
      return learnedTeachersLoss(tf, named(tensors.student, output), members, weights, temperature);
    }),
  };
}

export function learnedTeachersLoss(
  tf: Tf,
  student: Tensor,
  teachers: readonly Tensor[],
  weights: Tensor2D,
  temperature: number,
): Tensor1D {
  return tf.tidy(() => {
    const members = tf.stack(
      teachers.map((teacher) => stopGradient(tf, teacher)),
      1,
    );
    const mean = tf.sum(tf.mul(members, tf.expandDims(weights, 2)), 1);
    const logP = softLogProbs(tf, mean, temperature);
    // Added with −1: the gradient of a subtrahend has no compiled kernel, and both sides need one here.
    const apart = tf.add(logP, tf.mul(softLogProbs(tf, student, temperature), -1));
    return tf.mul(tf.sum(tf.mul(tf.exp(logP), apart), -1), temperature * temperature) as Tensor1D;
  });
}

/** μ [B, K]. (features ⊙ factor) · kernel is features · (factor ⊙ kernel). */
function teacherWeights(tf: Tf, features: Tensor, factors: Tensor, kernel: Tensor): Tensor2D {
  const [batch, width] = [features.shape[0] as number, features.shape.at(-1) as number];
  const pooled = features.rank === 2 ? features : tf.mean(tf.reshape(features, [batch, -1, width]), 1);
  const columns = tf.mul(tf.transpose(factors), kernel) as Tensor2D;
  return tf.softmax(tf.matMul(pooled as Tensor2D, columns)) as Tensor2D;
}
