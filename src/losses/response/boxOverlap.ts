import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { figures } from '../../core/figures.ts';
import { type OptionsOf, schema, text } from '../../core/schema.ts';
import { formatShape, type NamedArrays } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossShapes, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkSameShape } from '../sameClasses.ts';

const OPTIONS = schema('boxOverlap', {
  /** The student's boxes. Default 'boxes'. */
  output: text('boxes'),
  /** The teacher's boxes, or the true ones, given as an output of the teacher. Default: `output`. */
  teacherOutput: text(),
});

/** Where the boxes are read. */
export interface BoxOverlapOptions extends OptionsOf<typeof OPTIONS> {}

/** The smallest area that is divided by, in squares of the coordinates' unit: a millionth of a picture's side, squared. */
const LEAST_AREA = 1e-12;

/**
 * Overlap of boxes (GIoU, generalized intersection over union): boxes that lie apart are drawn together, which the overlap
 * alone does not do.
 *
 * The mean of 1 − (I ÷ U − (C − U) ÷ C) over the boxes: I is the area that both share, U the one that either covers, C that of
 * the smallest box around both. 0 where they are equal, up to 2 where they are far apart.
 *
 * A box is x1, y1, x2, y2, in any unit: one for each example [B, 4], several [B, N, 4], or two corners [B, 2, 2], as
 * `keypoints({ points: 2 })` gives them.
 * Shapes    student [B, …, 4], teacher [B, …, 4] → [B]
 * Units     coordinates in any unit; 0…2 out
 * Reduces   mean over batch and boxes
 * Weight    1 beside a regression of coordinates from 0 to 1
 * Gradient  reaches the student only
 * Numerics  finite for |coordinate| ≤ 1e4; two boxes without any area count as apart
 * Throws    invalid-option · by `check` shape-mismatch · by `checkAnswers` invalid-box
 * Source    Rezatofighi et al. 2019, Generalized Intersection over Union, algorithm 2, arXiv:1902.09630
 * Differs   the corners of the teacher's boxes are put in order too
 * @example
 * distill({ teacher, student, data, loss: boxOverlap({ output: 'points', teacherOutput: 'corners' }) });
 */
export function boxOverlap(options: BoxOverlapOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'boxOverlap',
    options: names,
    reads,
    isStatic: true,
    compares: 'boxes',
    check(shapes) {
      checkSameShape(shapes, output, teacherOutput, 'boxOverlap');
      checkBoxes(shapes, output);
    },
    checkAnswers: (teacher) => checkCorners(teacher, teacherOutput),
    ...meanOfExamples((tf, { student, teacher }) =>
      boxOverlapPerExample(tf, named(student, output), named(teacher, teacherOutput)),
    ),
  };
}

export function boxOverlapPerExample(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  const batch = student.shape[0] as number;
  const [own, given] = [cornersOf(tf, student), cornersOf(tf, stopGradient(tf, teacher))];
  // No overlap has a length below 0.
  const sides = tf.relu(tf.sub(tf.minimum(own.high, given.high), tf.maximum(own.low, given.low)));
  const shared = areaOf(tf, sides);
  const area = ({ low, high }: Corners) => areaOf(tf, tf.sub(high, low));
  const covered = tf.sub(tf.add(area(own), area(given)), shared);
  const around = area({ low: tf.minimum(own.low, given.low), high: tf.maximum(own.high, given.high) });
  const overlap = tf.div(shared, tf.maximum(covered, LEAST_AREA));
  const empty = tf.div(tf.sub(around, covered), tf.maximum(around, LEAST_AREA));
  return tf.mean(tf.reshape(tf.add(tf.sub(1, overlap), empty), [batch, -1]), 1) as Tensor1D;
}

interface Corners {
  /** [R, 2]: x and y of each box. */
  readonly low: Tensor;
  readonly high: Tensor;
}

/** In order, whichever was given first: so a box that is inside out still has a slope. */
function cornersOf(tf: Tf, boxes: Tensor): Corners {
  const rows = tf.reshape(boxes, [-1, 4]) as Tensor2D;
  const [first, second] = [0, 2].map((from) => tf.slice(rows, [0, from], [-1, 2])) as [Tensor, Tensor];
  return { low: tf.minimum(first, second), high: tf.maximum(first, second) };
}

/** Width times height: [R, 2] → [R, 1]. */
function areaOf(tf: Tf, sides: Tensor): Tensor {
  const [width, height] = [0, 1].map((axis) => tf.slice(sides, [0, axis], [-1, 1])) as [Tensor, Tensor];
  return tf.mul(width, height);
}

/** Throws    shape-mismatch: not four numbers for each box */
function checkBoxes({ student }: LossShapes, output: string): void {
  const shape = student[output] ?? [];
  if (shape.at(-1) === 4 || (shape.length >= 2 && shape.at(-1) === 2 && shape.at(-2) === 2)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `boxOverlap compares boxes, and the student's "${output}" is ${formatShape([null, ...shape])}; it must be [B, 4], ` +
      '[B, N, 4], or corners [B, 2, 2]. Give the student four numbers for each box: x1, y1, x2, y2.',
    { details: { loss: 'boxOverlap', student: shape } },
  );
}

/** Throws    invalid-box: the second corner lies left of the first, or above it */
function checkCorners(teacher: NamedArrays, output: string): void {
  const data = teacher[output]?.data ?? [];
  for (let at = 0; at < data.length; at += 4) {
    const [x1, y1, x2, y2] = Array.from({ length: 4 }, (_, i) => Number(data[at + i])) as [
      number,
      number,
      number,
      number,
    ];
    if (!(x2 < x1) && !(y2 < y1)) continue;
    throw new LimbeckError(
      'invalid-box',
      `Box ${at / 4} of the teacher's "${output}" is ${[x1, y1, x2, y2].map((one) => figures(one)).join(', ')}: it must be ` +
        'x1, y1, x2, y2 with x2 ≥ x1 and y2 ≥ y1. Let the teacher\'s "read" turn boxes of another form, such as centre and ' +
        'size, into corners.',
      { details: { output, box: at / 4, given: [x1, y1, x2, y2] } },
    );
  }
}
