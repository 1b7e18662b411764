import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { checkOneOf } from '../../core/options.ts';
import { count, given, nested, type OptionsOf, required, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkOutputName } from '../featurePair.ts';
import { type Loss, type LossShapes, named, stopGradient } from '../loss.ts';
import { divergence, softLogProbs } from '../rows.ts';

/** 'attention' relates queries with keys, as the layer itself does; the others relate queries, keys or values with themselves. */
export type AttentionRelation = 'attention' | 'queries' | 'keys' | 'values';

type Part = 'queries' | 'keys' | 'values';

const PARTS = schema('teacherOutputs', {
  /** Default: the student's name. */
  queries: given<string>(),
  /** Default: the student's name. */
  keys: given<string>(),
  /** Default: the student's name. */
  values: given<string>(),
});

const OPTIONS = schema('attentionRelations', {
  /** The student's attention layer; its parts are read as '<output>/queries', '<output>/keys', '<output>/values'. */
  output: required(given<string>()),
  /** Where the teacher gives each part [B, T, F], before it is cut into heads. Default: the student's names. */
  teacherOutputs: nested(PARTS),
  /**
   * Default ['queries', 'keys', 'values'] (MiniLM v2). ['attention', 'values'] with the layers' own number of heads is
   * MiniLM's first version; both sides then have that many heads.
   */
  relations: given<readonly AttentionRelation[]>(checkRelations, ['queries', 'keys', 'values']),
  /**
   * Into how many heads both sides are cut for this loss; it divides both widths. Default 8: 16 features a head for
   * transformerTiny's width of 128, as the 48 of 768 in MiniLM v2.
   */
  relationHeads: count()(8),
});

/** Which relations are learned, and where both sides have them. */
export interface AttentionRelationsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Relations of self-attention (MiniLM): the same positions resemble each other in the student's attention as in the
 * teacher's. Widths and numbers of heads may differ. The layers of `transformerTiny` are 'attention_1', 'attention_2' …;
 * take its last. The paper takes the last layer of a small teacher, and one a few layers before the last of a large one.
 *
 * KL(A_teacher ‖ A_student) of A = softmax(X Yᵀ / √D) for each head of D features, mean over batch, heads and positions.
 * Shapes    student: X and Y [B, T, F], teacher: X and Y [B, T, G] → scalar; `heads` divides F and G
 * Units     projections in, before they are cut into heads; nats out. The loss adds up its relations
 * Reduces   mean over batch, heads and positions, sum over relations; scaled by √D; KL(teacher‖student)
 * Weight    1
 * Gradient  reaches the student's two only
 * Numerics  finite for |values| ≤ 1e4
 * Throws    invalid-option: heads that do not divide a width · shape-mismatch: lengths differ
 * Source    Wang et al. 2020, §3.1, §3.2, arXiv:2002.10957 (attention and value relation); Wang et al. 2021, §3.1,
 *           arXiv:2012.15828 (relations of queries, keys, values; another number of heads)
 * Differs   every position counts, padding too, so give examples of one length. The first version of MiniLM uses the
 *           attention's own heads; both versions sum the relations, as we do.
 * @example
 * attentionRelations({
 *   output: 'attention_2',
 *   teacherOutputs: { queries: '/layer.5/query/Add', keys: '/layer.5/key/Add', values: '/layer.5/value/Add' },
 * });
 */
export function attentionRelations(options: AttentionRelationsOptions): Loss {
  const given = OPTIONS.read(options);
  const { output, relations, relationHeads } = given;
  checkOutputName(output, '"output" of attentionRelations');
  const parts = partsOf(relations);
  const studentName = (part: Part) => `${output}/${part}`;
  const teacherOutputs = Object.fromEntries(
    parts.map((part) => [part, given.teacherOutputs?.[part] ?? studentName(part)]),
  ) as Record<Part, string>;
  return {
    name: 'attentionRelations',
    options: { output, teacherOutputs, relations: [...relations], relationHeads },
    reads: {
      student: parts.map(studentName),
      teacher: [...new Set(parts.map((part) => teacherOutputs[part]))],
      labels: false,
    },
    isStatic: true,
    check(shapes) {
      for (const part of parts) checkPart(shapes, studentName(part), teacherOutputs[part], relationHeads);
    },
    compute: (tf, { student, teacher }) =>
      tf.tidy(() => {
        const terms = relations.map((relation) => {
          const [from, to] = endsOf(relation);
          const ends = (of: (part: Part) => Tensor): [Tensor, Tensor] => [of(from), of(to)];
          return attentionRelationLoss(
            tf,
            ends((part) => named(student, studentName(part))),
            ends((part) => named(teacher, teacherOutputs[part])),
            relationHeads,
          );
        });
        return tf.addN(terms) as Scalar;
      }),
  };
}

export function attentionRelationLoss(
  tf: Tf,
  student: readonly [Tensor, Tensor],
  teacher: readonly [Tensor, Tensor],
  heads: number,
): Scalar {
  return tf.tidy(() => {
    const ofStudent = logRelation(tf, student[0], student[1], heads);
    const ofTeacher = logRelation(tf, stopGradient(tf, teacher[0]), stopGradient(tf, teacher[1]), heads);
    return tf.mean(divergence(tf, ofTeacher, ofStudent)) as Scalar;
  });
}

/** log softmax(X Yᵀ / √D) [B, heads, T, T]. */
function logRelation(tf: Tf, x: Tensor, y: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  const features = width / heads;
  const cut = (of: Tensor) => tf.transpose(tf.reshape(of, [batch, length, heads, features]), [0, 2, 1, 3]);
  return softLogProbs(tf, tf.matMul(cut(x), cut(y), false, true), Math.sqrt(features));
}

function endsOf(relation: AttentionRelation): [Part, Part] {
  return relation === 'attention' ? ['queries', 'keys'] : [relation, relation];
}

function partsOf(relations: readonly AttentionRelation[]): Part[] {
  return [...new Set(relations.flatMap(endsOf))];
}

/** Throws    invalid-option */
function checkRelations(relations: readonly AttentionRelation[]): void {
  if (!Array.isArray(relations) || relations.length === 0 || new Set(relations).size !== relations.length) {
    throw new LimbeckError('invalid-option', '"relations" must name one relation at least, each once.');
  }
  for (const relation of relations) checkOneOf(relation, 'relations', ['attention', 'queries', 'keys', 'values']);
}

/** Throws    shape-mismatch · invalid-option */
function checkPart({ student, teacher }: LossShapes, output: string, teacherOutput: string, heads: number): void {
  const [own, given] = [student[output] ?? [], teacher[teacherOutput] ?? []];
  const isSequence = own.length === 2 && given.length === 2;
  if (!isSequence || (own[0] !== null && given[0] !== null && own[0] !== given[0])) {
    throw new LimbeckError(
      'shape-mismatch',
      `attentionRelations needs "${output}" and the teacher's "${teacherOutput}" as [T, F] with one T; they are ` +
        `${formatShape(own)} and ${formatShape(given)}. Tap the teacher before it cuts its heads, on the same tokens.`,
      { details: { student: own, teacher: given } },
    );
  }
  const odd = [own[1], given[1]].find((width) => typeof width !== 'number' || width % heads !== 0);
  if (odd === undefined) return;
  throw new LimbeckError(
    'invalid-option',
    `"relationHeads" is ${heads}, which does not divide the widths ${own[1]} of "${output}" and ${given[1]} of ` +
      `"${teacherOutput}". Choose a common divisor.`,
    { details: { relationHeads: heads, student: own, teacher: given } },
  );
}
