import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossParameter, type LossTensors, named, parameter, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkBank, checkPairs, flatLength, remember, toRows, withoutGradient } from '../pairs.ts';
import { project, projectorParameters } from '../projector.ts';
import { meanOfExamples } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('contrastive', {
  ...OUTPUT_PAIR.fields,
  /** Divides the cosines; smaller sharpens. Default 0.07 (CRD). */
  temperature: positive(0.07),
  /** Length of the embeddings in which both sides are compared. Default 128 (CRD). */
  embeddingLength: count()(128),
  /**
   * How many earlier embeddings are kept as further negatives, from 0 to 65,536; never more than the dataset has
   * examples. Each costs two embeddings of memory (1 KiB by default). Default 0: the batch alone.
   */
  bank: count(0)(0),
});

/** What is compared, and with how many earlier embeddings. */
export interface ContrastiveOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Contrastive distillation (CRD): the student's embedding of an example is nearer to the teacher's embedding of the same
 * example than to those of others, and the other way round (InfoNCE, a lower bound of the mutual information). Features may
 * have any sizes; those of the last layer before the logits work best.
 *
 * For each example, half of −log softmax of the student's embedding among the teacher's, and half the other way round:
 * −½ log (e^{s_i·t_i/T} / Σ_j e^{s_i·t_j/T}) − ½ log (e^{s_i·t_i/T} / Σ_j e^{s_j·t_i/T}).
 * Shapes    student [B, E], teacher [B, E], rows of length 1; banks [K, E] with `isOther` [B, K] → [B]
 * Units     cosines in; nats out. log(B + K) where all are equal
 * Reduces   mean over batch, two directions averaged; ÷T inside; −log softmax of the positive
 * Weight    1: it is a cross-entropy itself. The paper has 0.8
 * Gradient  reaches the student and both trained projections, not the teacher's features
 * Numerics  finite for features up to 1e4: only cosines divided by T are exponentiated
 * Throws    invalid-option: a temperature or a length that is not above 0, a bank above 65,536, batches of one without
 *           a bank · shape-mismatch: features of a free length, which no projection fits. In a last batch of one, without
 *           a bank, the loss is 0
 * Source    Tian, Krishnan, Isola 2020, §3, arXiv:1910.10699; InfoNCE: van den Oord et al. 2018, arXiv:1807.03748;
 *           queue: He et al. 2020, arXiv:1911.05722
 * Differs   CRD tells one positive from 16,384 drawn negatives by noise-contrastive estimation, with a normalizer fixed on
 *           the first batch, and keeps every example of the dataset in two banks (N KiB) with a momentum of 0.5. A browser
 *           lacks that memory: by default we take the other examples of the batch, or a queue of the last K embeddings as
 *           they were computed (MoCo), and normalize exactly, so that a small batch needs no estimate. We average the two
 *           directions; CRD adds them. CRD can also draw negatives from other classes only; this loss needs no labels
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: contrastive({ output: 'features' }), weight: 1 }]);
 */
export function contrastive(options: ContrastiveOptions = {}): Loss {
  const { output, teacherOutput, temperature, embeddingLength, bank, names, reads } = outputPair(OPTIONS.read(options));
  checkBank(bank);
  const perExample = (tf: Tf, tensors: LossTensors): Tensor1D => {
    const student = embedding(tf, tensors, named(tensors.student, output), 'student');
    const teacher = embedding(tf, tensors, stopGradient(tf, named(tensors.teacher, teacherOutput)), 'teacher');
    return bank === 0
      ? contrastiveRows(tf, student, teacher, temperature)
      : againstBank(tf, tensors, student, teacher, temperature);
  };
  return {
    name: 'contrastive',
    options: { ...names, temperature, embeddingLength, bank },
    reads: { ...reads, ...(bank > 0 && { indices: true }) },
    isStatic: true,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    check({ batchSize, student, teacher }) {
      checkPairs('contrastive without a bank', batchSize, bank > 0 ? 1 : 2);
      flatLength(student, output);
      flatLength(teacher, teacherOutput);
    },
    parameters({ student, teacher, examples }) {
      return {
        ...projectorParameters(flatLength(student, output), embeddingLength, 'student'),
        ...projectorParameters(flatLength(teacher, teacherOutput), embeddingLength, 'teacher'),
        ...(bank > 0 && bankParameters(Math.min(bank, examples), embeddingLength)),
      };
    },
    ...meanOfExamples(perExample),
  };
}

export function contrastiveRows(
  tf: Tf,
  student: Tensor2D,
  teacher: Tensor2D,
  temperature: number,
  bank?: { readonly student: Tensor2D; readonly teacher: Tensor2D; readonly isOther: Tensor2D },
): Tensor1D {
  return tf.tidy(() => {
    const own = tf.eye(student.shape[0]);
    const ofPositive = (anchors: Tensor2D, others: Tensor2D, kept?: Tensor2D) => {
      const inBatch = tf.matMul(anchors, others, false, true);
      const cosines = kept === undefined ? inBatch : tf.concat([inBatch, tf.matMul(anchors, kept, false, true)], 1);
      const logits = tf.div(cosines, temperature);
      const logProbs = tf.logSoftmax(bank === undefined ? logits : hideOwn(tf, logits, bank.isOther)) as Tensor2D;
      return tf.sum(tf.mul(tf.slice(logProbs, [0, 0], inBatch.shape), own), 1);
    };
    const both = tf.add(ofPositive(student, teacher, bank?.teacher), ofPositive(teacher, student, bank?.student));
    return tf.mul(both, -0.5) as Tensor1D;
  });
}

/** Finite, and so far below every other logit that its share is 0 in float32. */
const HIDDEN = -1e9;

function hideOwn(tf: Tf, logits: Tensor, isOther: Tensor2D): Tensor {
  const [rows, kept] = isOther.shape;
  const inBatch = tf.zeros([rows, (logits.shape[1] as number) - kept]);
  return tf.add(logits, tf.concat([inBatch, tf.mul(tf.sub(1, isOther), HIDDEN)], 1));
}

function embedding(tf: Tf, tensors: LossTensors, features: Tensor, side: string): Tensor2D {
  return toUnitLength(tf, project(tf, tensors, toRows(tf, features), side)) as Tensor2D;
}

/** Indices start at −1: nothing is kept yet. */
function bankParameters(kept: number, embeddingLength: number): Record<string, LossParameter> {
  return {
    studentBank: { shape: [kept, embeddingLength], initial: 0, isTrained: false },
    teacherBank: { shape: [kept, embeddingLength], initial: 0, isTrained: false },
    bankIndices: { shape: [kept], initial: -1, isTrained: false },
  };
}

function againstBank(
  tf: Tf,
  tensors: LossTensors,
  student: Tensor2D,
  teacher: Tensor2D,
  temperature: number,
): Tensor1D {
  const { indices } = tensors;
  if (indices === undefined) throw new Error('The bank needs the index of each example.');
  const own = tf.reshape(tf.cast(indices, 'float32'), [-1, 1]);
  const bankIndices = parameter(tensors, 'bankIndices');
  // An example is no negative of itself, however it looked when it was kept; nor is an empty place.
  const isOther = withoutGradient(tf, bankIndices, (kept) => {
    const places = tf.reshape(kept, [1, -1]);
    const [isAnother, isFilled] = [tf.notEqual(places, own), tf.greaterEqual(places, 0)];
    return tf.mul(tf.cast(isAnother, 'float32'), tf.cast(isFilled, 'float32'));
  }) as Tensor2D;
  const studentBank = parameter(tensors, 'studentBank');
  const teacherBank = parameter(tensors, 'teacherBank');
  const kept = {
    student: stopGradient(tf, studentBank as Tensor2D),
    teacher: stopGradient(tf, teacherBank as Tensor2D),
  };
  const rows = contrastiveRows(tf, student, teacher, temperature, { ...kept, isOther });
  remember(tf, studentBank as Variable, student);
  remember(tf, teacherBank as Variable, teacher);
  remember(tf, bankIndices as Variable, tf.reshape(own, [-1]));
  return rows;
}
