import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossShapes, type LossTensors, named, type Sequences } from '../loss.ts';
import { shapeOfOutput } from '../sameClasses.ts';
import { checkShapes, joinTerms } from '../terms.ts';

/**
 * Any loss on classes, for each token of texts: every position is an example of its own. The label of a position is the
 * token that follows, which `fromTokens` gives as the sequence of the example; where that is −1, as at padding and in
 * prompts, the position counts nothing. With `softTargets` or `generalizedDivergence` a teacher teaches token by token; with
 * `crossEntropy` a student learns from texts alone, or from those that its teacher wrote (sequence-level distillation).
 *
 * Σ loss(position) over the positions that count ÷ their number in the batch.
 * Shapes    what the loss reads as [B, C]: here [B, T, C]; sequences [B, T] int32 in 0…C−1, or −1 → scalar
 * Units     those of the loss
 * Reduces   mean over the tokens of the batch that count, as PyTorch's ignore_index; 0 where none does
 * Weight    that of the loss
 * Gradient  that of the loss at tokens that count, none elsewhere
 * Numerics  as the loss
 * Throws    invalid-option: the loss does not tell its value for each example, or reads what belongs to whole examples ·
 *           by `check` shape-mismatch: not [B, T, …] on both sides · labels-missing · by `checkSequences` shape-mismatch
 *           and class-mismatch
 * Source    Kim, Rush 2016, "Sequence-Level Knowledge Distillation", arXiv:1606.07947, §3.1 (word level) and §3.2 (sequence
 *           level)
 * @example
 * const loss = perToken(weighted([{ loss: softTargets({ temperature: 1 }), weight: 0.9 }, { loss: crossEntropy(), weight: 0.1 }]));
 */
export function perToken(loss: Loss): Loss {
  const each = loss?.perExample;
  const { reads } = loss ?? {};
  if (each === undefined || reads?.indices || reads?.exampleWeights || reads?.sequences) {
    throw new LimbeckError(
      'invalid-option',
      `perToken needs a loss that is a mean over examples and reads nothing of them but outputs and labels; ` +
        `"${loss?.name}" is none. Use softTargets(), generalizedDivergence() or crossEntropy(), and weigh examples around it.`,
    );
  }
  const { needs, tensorsOf } = joinTerms([loss], { reads: { sequences: true } });
  const shares = (tf: Tf, tensors: LossTensors): Tensor1D =>
    tf.tidy(() => {
      const { sequences, labels: _, ...rest } = tensorsOf(tf, tensors, 0);
      if (sequences === undefined) throw missing();
      const [batch, length] = sequences.shape;
      const next = tf.reshape(sequences, [batch * length]);
      const counts = tf.cast(tf.greaterEqual(next, 0), 'float32');
      const flat = (side: LossTensors['student'], names: readonly string[]) =>
        Object.fromEntries(names.map((name) => [name, positionsOf(tf, named(side, name), batch * length)]));
      const values = each(tf, {
        ...rest,
        student: flat(rest.student, loss.reads.student),
        teacher: flat(rest.teacher, loss.reads.teacher),
        // A position that does not count gets any class, so that no loss sees a label that it does not know.
        ...(loss.reads.labels && { labels: tf.maximum(next, 0) as Tensor1D }),
      });
      const total = tf.maximum(tf.sum(counts), 1);
      const ofExample = tf.sum(tf.reshape(tf.mul(values, counts), [batch, length]), 1);
      return tf.mul(tf.div(ofExample, total), batch) as Tensor1D;
    });
  return {
    name: 'perToken',
    options: {},
    terms: [loss],
    ...needs,
    reads: { ...needs.reads, labels: false },
    compares: 'tokens',
    check: (shapes) => checkShapes(loss, positionShapes(shapes, loss)),
    ...(loss.parameters && {
      parameters: (shapes: LossShapes) => needs.parameters?.(positionShapes(shapes, loss)) ?? {},
    }),
    checkSequences: (sequences, student) => checkTokens(sequences, student[loss.reads.student[0] ?? ''] ?? []),
    compute: (tf, tensors) => tf.tidy(() => tf.mean(shares(tf, tensors)) as Scalar),
    perExample: shares,
  };
}

/** [B, T, …] → [B · T, …]. */
function positionsOf(tf: Tf, x: Tensor, rows: number): Tensor {
  return tf.reshape(x, [rows, ...x.shape.slice(2)]);
}

/** The shapes at one position. Throws    unknown-output · shape-mismatch: other positions than the student's first output */
function positionShapes(shapes: LossShapes, { reads }: Loss): LossShapes {
  const all = [
    ...reads.student.map((name) => ['student', name] as const),
    ...reads.teacher.map((name) => ['teacher', name] as const),
  ];
  const read = all.map(([side, name]) => ({ side, name, shape: shapeOfOutput(shapes, side, name, 'perToken') }));
  const [length] = read[0]?.shape ?? [];
  const odd = read.find(({ shape }) => shape.length < 2 || shape[0] !== length);
  if (odd !== undefined) {
    const first = read[0] as (typeof read)[number];
    throw new LimbeckError(
      'shape-mismatch',
      `perToken compares position by position, and the ${odd.side}'s "${odd.name}" is ${formatShape([null, ...odd.shape])}` +
        `${odd === first ? '' : `, the ${first.side}'s "${first.name}" ${formatShape([null, ...first.shape])}`}; each must be ` +
        '[B, T, …] with the same T. Give the teacher texts of the length that the student has, or let its "read" cut them.',
      { details: { output: odd.name, shape: odd.shape } },
    );
  }
  const rest = (side: LossShapes['student']) =>
    Object.fromEntries(Object.entries(side).map(([name, shape]) => [name, shape.slice(1)]));
  const positions = length ?? 1;
  return {
    student: rest(shapes.student),
    teacher: rest(shapes.teacher),
    batchSize: shapes.batchSize * positions,
    examples: shapes.examples * positions,
  };
}

/** Throws    shape-mismatch: not one token for each position · class-mismatch: a token that the student does not have */
function checkTokens({ values, length, first }: Sequences, shape: readonly (number | null)[]): void {
  const [positions, vocabulary = null] = [shape[0] ?? null, shape.at(-1)];
  if (positions !== null && positions !== length) {
    throw new LimbeckError(
      'shape-mismatch',
      `perToken needs the next token at each of the student's ${positions} positions, and the sequences have ${length}. Make ` +
        `the data with fromTokens(texts, { length: ${positions} }).`,
      { details: { positions, length } },
    );
  }
  const wrong = values.findIndex((token) => token < -1 || token >= (vocabulary ?? Number.POSITIVE_INFINITY));
  if (wrong < 0) return;
  throw new LimbeckError(
    'class-mismatch',
    `Example ${first + Math.floor(wrong / length)} holds the token ${values[wrong]}, outside the student's ${vocabulary} ` +
      'tokens. Build the student with a larger "vocabulary", or leave the text out.',
    { details: { token: values[wrong], vocabulary } },
  );
}

function missing(): LimbeckError {
  return new LimbeckError('labels-missing', 'perToken needs the next tokens; make the data with fromTokens(…).');
}
