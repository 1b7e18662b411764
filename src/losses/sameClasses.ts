import { LimbeckError } from '../core/errors.ts';
import { formatShape, isSameShape } from '../core/shape.ts';
import type { LossShapes } from './loss.ts';

/**
 * For losses that compare the classes of both sides: the same dimensions, the same classes.
 * Throws    unknown-output: one of them is missing · shape-mismatch: other dimensions · class-mismatch: other classes
 */
export function checkSameClasses(shapes: LossShapes, output: string, teacherOutput: string, name: string): void {
  const own = shapeOfOutput(shapes, 'student', output, name);
  const given = shapeOfOutput(shapes, 'teacher', teacherOutput, name);
  const texts = `the teacher's "${teacherOutput}" is ${withBatch(given)}, the student's "${output}" is ${withBatch(own)}`;
  const details = { loss: name, teacher: given, student: own };
  if (own.length === 0 || !isSameShape(given.slice(0, -1), own.slice(0, -1))) {
    throw new LimbeckError(
      'shape-mismatch',
      `${name} cannot compare them: ${texts}. Let the teacher's "read" bring its output to the shape of the student's.`,
      { details },
    );
  }
  if (!isSameShape(given.slice(-1), own.slice(-1))) {
    throw new LimbeckError(
      'class-mismatch',
      `Teacher and student differ in their classes: ${texts}. Build the student with classes: ${given.at(-1)}, or let ` +
        'the teacher\'s "read" pick the classes the student has.',
      { details },
    );
  }
}

/**
 * For losses on labels: one row of classes for each example, since a label is one class.
 * Throws    unknown-output: it is missing · shape-mismatch: not [B, C]
 */
export function checkOneRow(shapes: LossShapes, output: string, name: string): void {
  const own = shapeOfOutput(shapes, 'student', output, name);
  if (own.length === 1) return;
  throw new LimbeckError(
    'shape-mismatch',
    `${name} reads one label for each example, and the student's "${output}" is ${withBatch(own)}; it must be [B, C]. ` +
      'Choose an output with one row of classes for each example, or a loss without labels, such as softTargets.',
    { details: { loss: name, student: own } },
  );
}

/**
 * For losses that compare numbers and not classes: the same shape.
 * Throws    unknown-output: one of them is missing · shape-mismatch: another shape
 */
export function checkSameShape(shapes: LossShapes, output: string, teacherOutput: string, name: string): void {
  const own = shapeOfOutput(shapes, 'student', output, name);
  const given = shapeOfOutput(shapes, 'teacher', teacherOutput, name);
  if (isSameShape(own, given)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `${name} cannot compare them: the teacher's "${teacherOutput}" is ${withBatch(given)}, the student's "${output}" is ` +
      `${withBatch(own)}. Let the teacher's "read" bring its output to the shape of the student's.`,
    { details: { loss: name, teacher: given, student: own } },
  );
}

/**
 * For losses over rankings: lists of the same candidates, at least two.
 * Throws    unknown-output: one of them is missing · shape-mismatch: not [B, N] with N of 2 or more, or another N ·
 *           empty-list: N is 0
 */
export function checkCandidates(shapes: LossShapes, output: string, teacherOutput: string, name: string): void {
  const own = shapeOfOutput(shapes, 'student', output, name);
  checkSameShape(shapes, output, teacherOutput, name);
  if (own.length === 1 && (own[0] ?? 2) >= 2) return;
  if (own.at(-1) === 0) {
    throw new LimbeckError(
      'empty-list',
      `${name} compares the candidates of a list, and the student's "${output}" is ${withBatch(own)}: its lists are empty. ` +
        'Give every list two candidates or more.',
      { details: { loss: name, student: own } },
    );
  }
  throw new LimbeckError(
    'shape-mismatch',
    `${name} compares the candidates of a list, and the student's "${output}" is ${withBatch(own)}; it must be [B, N] ` +
      'with N of 2 or more. Let the student give one score for each candidate.',
    { details: { loss: name, student: own } },
  );
}

/**
 * The shape of an output without the batch.
 * Throws    unknown-output: nothing of that name was offered
 */
export function shapeOfOutput(shapes: LossShapes, side: 'student' | 'teacher', output: string, name: string) {
  const shape = shapes[side][output];
  if (shape !== undefined) return shape;
  const given = Object.keys(shapes[side]);
  throw new LimbeckError(
    'unknown-output',
    `${name} reads the ${side}'s output "${output}"; it has ${given.map((n) => `"${n}"`).join(', ') || 'none'}. ` +
      (side === 'student'
        ? 'Name one of these, or a layer of the student.'
        : 'Let the teacher\'s "read" return it, or name an inner tensor in its "taps".'),
    { details: { side, needed: output, given } },
  );
}

function withBatch(shape: readonly (number | null)[]): string {
  return formatShape([null, ...shape]);
}
