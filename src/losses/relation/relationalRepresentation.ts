import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossTensors, named, parameter, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkBank, checkPairs, flatLength, remember, toRows, withoutGradient } from '../pairs.ts';
import { project, projectorParameters } from '../projector.ts';
import { divergence, meanOfExamples, softLogProbs } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('relationalRepresentation', {
  ...OUTPUT_PAIR.fields,
  /** Divides the student's cosines. Default 0.1 (the authors' code). */
  temperature: positive(0.1),
  /**
   * Divides the teacher's cosines; smaller than the student's, so that its nearest examples count most. Default 0.02 (the
   * authors' code).
   */
  teacherTemperature: positive(0.02),
  /** Length of the embeddings in which both sides are compared. Default 128 (the authors' code). */
  embeddingLength: count()(128),
  /**
   * How many of the teacher's earlier embeddings are kept to compare with, from 0 to 65,536; never more than the dataset
   * has examples. Each costs one embedding of memory (512 bytes by default). Default 0: the batch alone.
   */
  bank: count(0)(0),
});

/** What is compared, how sharply, and with how many earlier embeddings. */
export interface RelationalRepresentationOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Relational representation distillation (RRD): the student finds an example as close to others as the teacher does. It
 * compares how an example's similarity spreads over the teacher's embeddings of many others, and unlike `contrastive` does
 * not push similar examples apart. Features may have any sizes.
 *
 * KL(softmax_j(t_i·t_j / T_t) ‖ softmax_j(s_i·t_j / T_s)) of each example i, where s and t are embeddings of length 1 and j
 * runs over the batch, i included, and the bank; mean over the batch.
 * Shapes    student [B, ...], teacher [B, ...] → [B]; what one example holds may differ
 * Units     any in; nats out
 * Reduces   mean over batch; ÷T inside; KL(teacher‖student) over the batch and the bank
 * Weight    1.5 for a layer of 128 features, 1 for ten logits, 0.15 for maps of 7 × 7 × 16. The paper has 1
 * Gradient  reaches the student and its projection; the teacher's projection is random and stays so
 * Numerics  finite for features up to 1e4: only cosines divided by T are exponentiated
 * Throws    invalid-option: a temperature or a length that is not above 0, a bank above 65,536, batches of one without
 *           a bank · shape-mismatch: features of a free length, which no projection fits. In a last batch of one, without
 *           a bank, the loss is 0
 * Source    Giakoumoglou, Stathaki 2024, §3, arXiv:2407.12073; giakoumoglou/distillers RRD.py
 * Differs   the code adds the teacher's entropy, which has no gradient, and keeps 16,384 embeddings that start at random;
 *           we compare with the batch by default, and with a bank only where it is filled. Its projection of the teacher
 *           gets no gradient either, so ours has no bias and is not trained
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: relationalRepresentation({ output: 'features' }), weight: 1.5 }]);
 */
export function relationalRepresentation(options: RelationalRepresentationOptions = {}): Loss {
  const { output, teacherOutput, temperature, teacherTemperature, embeddingLength, bank, names, reads } = outputPair(
    OPTIONS.read(options),
  );
  checkBank(bank);
  const perExample = (tf: Tf, tensors: LossTensors): Tensor1D => {
    const features = stopGradient(tf, named(tensors.teacher, teacherOutput));
    const views = tf.matMul(toRows(tf, features), parameter(tensors, 'teacherViews') as Tensor2D);
    const teacher = stopGradient(tf, toUnitLength(tf, views)) as Tensor2D;
    const mapped = project(tf, tensors, toRows(tf, named(tensors.student, output)), 'student');
    const student = toUnitLength(tf, mapped) as Tensor2D;
    const kept = bank > 0 ? parameter(tensors, 'teacherBank') : undefined;
    const rows = relationalRepresentationRows(
      tf,
      student,
      teacher,
      { temperature, teacherTemperature },
      kept as Tensor2D | undefined,
    );
    if (kept !== undefined) remember(tf, kept as Variable, teacher);
    return rows;
  };
  return {
    name: 'relationalRepresentation',
    options: { ...names, temperature, teacherTemperature, embeddingLength, bank },
    reads,
    isStatic: true,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    check({ batchSize, student, teacher }) {
      checkPairs('relationalRepresentation without a bank', batchSize, bank > 0 ? 1 : 2);
      flatLength(student, output);
      flatLength(teacher, teacherOutput);
    },
    parameters({ student, teacher, examples }) {
      const views = [flatLength(teacher, teacherOutput), embeddingLength];
      const kept = [Math.min(bank, examples), embeddingLength];
      return {
        ...projectorParameters(flatLength(student, output), embeddingLength, 'student'),
        teacherViews: { shape: views, initial: 'glorot-uniform', isTrained: false },
        ...(bank > 0 && { teacherBank: { shape: kept, initial: 0, isTrained: false } }),
      };
    },
    ...meanOfExamples(perExample),
  };
}

/** Hides an empty place of the bank: so far below every other logit that its share is 0 in float32. */
const HIDDEN = -1e9;

export function relationalRepresentationRows(
  tf: Tf,
  student: Tensor2D,
  teacher: Tensor2D,
  { temperature, teacherTemperature }: { readonly temperature: number; readonly teacherTemperature: number },
  bank?: Tensor2D,
): Tensor1D {
  return tf.tidy(() => {
    const kept = bank && stopGradient(tf, bank);
    // A place that was never filled is all zero; the others have length 1.
    const empty =
      kept && withoutGradient(tf, kept, (of) => tf.mul(tf.sub(1, tf.step(tf.sum(tf.square(of), 1))), HIDDEN));
    const likeness = (of: Tensor2D, by: number) => {
      const inBatch = tf.matMul(of, teacher, false, true);
      if (kept === undefined || empty === undefined) return softLogProbs(tf, inBatch, by);
      return softLogProbs(tf, tf.concat([inBatch, tf.add(tf.matMul(of, kept, false, true), empty)], 1), by);
    };
    const byTeacher = stopGradient(tf, likeness(teacher, teacherTemperature));
    return divergence(tf, byTeacher, likeness(student, temperature)) as Tensor1D;
  });
}
