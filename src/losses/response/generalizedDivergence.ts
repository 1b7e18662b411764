import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { fraction, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { divergence, logAddExp, meanOfExamples, meanPerExample, softLogProbs } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('generalizedDivergence', {
  /** From 0, KL(teacher ‖ student), to 1, KL(student ‖ teacher). Default 0.5, Jensen–Shannon (trl). */
  beta: fraction(0.5),
  /** Softens both distributions; above 0. Default 1 (the paper; trl has 0.9). */
  temperature: positive(1),
  ...OUTPUT_PAIR.fields,
});

/** Which divergence, how soft, and where the logits are read. */
export interface GeneralizedDivergenceOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Generalized Jensen–Shannon divergence (GKD): from covering everything that the teacher finds likely (β = 0) to keeping to
 * what it finds likeliest (β = 1, reverse KL), which suits a student too small to cover everything.
 *
 * T² · (β · KL(p ‖ m) + (1 − β) · KL(q ‖ m)) of each example, p the teacher's and q the student's distribution at T, m =
 * β · p + (1 − β) · q; at β = 0 KL(p ‖ q), at β = 1 KL(q ‖ p). The loss is their mean.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → [B]; an example's rows, such as tokens, are averaged
 * Units     logits in, nats out
 * Reduces   mean over batch (and tokens); ×T²; β=0 KL(teacher‖student), β=1 KL(student‖teacher)
 * Weight    4 for β = 0.5: near the teacher the loss is β · (1 − β) times either KL divergence, which takes 1; 10 far from
 *           the teacher, as at the start
 * Gradient  reaches the student only, through q and through m
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Agarwal et al. 2024, §2, arXiv:2306.13649; huggingface/trl gkd_trainer.py
 * Differs   the formula itself goes to 0 as β goes to 0 or 1; both ends are the two KL divergences, as in trl. trl leaves
 *           T² out; with it gradients do not shrink as T grows. Means run over all positions; in `perToken` padding and
 *           prompts count nothing.
 * @example
 * distill({ teacher, student, data, loss: generalizedDivergence({ beta: 1 }) });
 */
export function generalizedDivergence(options: GeneralizedDivergenceOptions = {}): Loss {
  const { beta, temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'generalizedDivergence',
    options: { beta, temperature, ...names },
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'generalizedDivergence'),
    ...meanOfExamples((tf, { student, teacher }) =>
      generalizedDivergencePerExample(tf, named(student, output), named(teacher, teacherOutput), { beta, temperature }),
    ),
  };
}

export function generalizedDivergencePerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  { beta, temperature }: { readonly beta: number; readonly temperature: number },
): Tensor1D {
  const logP = softLogProbs(tf, stopGradient(tf, teacherLogits), temperature);
  const logQ = softLogProbs(tf, studentLogits, temperature);
  return tf.mul(meanPerExample(tf, divergenceBetween(tf, logP, logQ, beta)), temperature * temperature) as Tensor1D;
}

function divergenceBetween(tf: Tf, logP: Tensor, logQ: Tensor, beta: number): Tensor {
  if (beta === 0) return divergence(tf, logP, logQ);
  if (beta === 1) return divergence(tf, logQ, logP);
  const logM = logAddExp(tf, tf.add(logP, Math.log(beta)), tf.add(logQ, Math.log(1 - beta)));
  return tf.add(tf.mul(divergence(tf, logP, logM), beta), tf.mul(divergence(tf, logQ, logM), 1 - beta));
}
