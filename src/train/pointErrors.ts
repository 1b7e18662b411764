// Shared by the metrics over points: how far each is from where it should be, as a fraction of a length of its own example.
import { LimbeckError } from '../core/errors.ts';
import { given, schema } from '../core/schema.ts';
import type { MetricInputs } from './metric.ts';

export const REFERENCE = schema('the metric', {
  /**
   * The two points, by their numbers from 0 on, whose distance in the teacher's answer errors are divided by, such as the outer
   * corners of the eyes. Default: the diagonal of the box around all of the teacher's points.
   */
  between: given<readonly [number, number]>(checkPair),
});

/**
 * The errors of all points of all examples, in order. An example whose length is 0 gives Infinity where a point is off.
 * Shapes    student [N, P, 2], teacher [N, P, 2] → [N · P]
 * Units     fractions of the length
 * Throws    invalid-option: `between` names a point that is not there
 */
export function pointErrors(
  { student, teacher = student }: MetricInputs,
  between: readonly [number, number] | undefined,
): Float64Array {
  const [points = 0, axes = 0] = student.shape.slice(-2);
  if (between?.some((point) => point >= points)) {
    throw new LimbeckError(
      'invalid-option',
      `"between" was [${between.join(', ')}], and there are ${points} points, which count from 0.`,
    );
  }
  const errors = new Float64Array(student.data.length / axes);
  for (let i = 0; i < errors.length; i++) {
    const first = i - (i % points);
    const length = between
      ? distanceBetween(teacher.data, first + between[0], teacher.data, first + between[1], axes)
      : diagonalOf(teacher.data, first, points, axes);
    const error = distanceBetween(student.data, i, teacher.data, i, axes);
    errors[i] = error === 0 ? 0 : error / length;
  }
  return errors;
}

/** What is added to a metric's name where its length is not the usual one. */
export const referenceName = (between: readonly [number, number] | undefined): string =>
  between === undefined ? '' : ` by ${between.join('–')}`;

function distanceBetween(a: ArrayLike<number>, ofA: number, b: ArrayLike<number>, ofB: number, axes: number): number {
  let sum = 0;
  for (let axis = 0; axis < axes; axis++)
    sum += ((a[ofA * axes + axis] as number) - (b[ofB * axes + axis] as number)) ** 2;
  return Math.sqrt(sum);
}

function diagonalOf(data: ArrayLike<number>, first: number, points: number, axes: number): number {
  let sum = 0;
  for (let axis = 0; axis < axes; axis++) {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let point = first; point < first + points; point++) {
      const at = data[point * axes + axis] as number;
      least = Math.min(least, at);
      most = Math.max(most, at);
    }
    sum += (most - least) ** 2;
  }
  return Math.sqrt(sum);
}

function checkPair(pair: readonly number[], name: string): void {
  const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((one) => Number.isInteger(one) && one >= 0);
  if (isPair && pair[0] !== pair[1]) return;
  throw new LimbeckError(
    'invalid-option',
    `"${name}" was ${JSON.stringify(pair)}; it must be two points, such as [0, 5].`,
  );
}
