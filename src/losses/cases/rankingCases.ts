// What the tests of losses over a teacher's order share. Only tests import this file.
import type { ExtremeName } from './extremeCases.ts';
import type { LossInputs, Values } from './lossContract.ts';
import { plainRows } from './plainCases.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Scores on both sides, and what is refused of them. */
export const RANKING_USE = {
  student: { scores: [5] },
  teacher: { scores: [5] },
  mismatches: [
    [{}, { scores: [6] }, {}, /"read" bring its output/],
    [{ scores: [1] }, { scores: [1] }, {}, /N of 2 or more/],
    [{ scores: [5, 2] }, { scores: [5, 2] }, {}, /must be \[B, N\]/],
  ] as readonly (readonly [Shapes, Shapes, object, RegExp])[],
  weight: { of: 'logits' },
} as const;

/** A list of one candidate is refused. */
export const RANKING_EXTREMES: readonly ExtremeName[] = [
  'both at ±1e4',
  'opposed at ±1e4',
  'all zero',
  'all 1e4 and all −1e4',
];

/** The student's scores of each list, the teacher's first candidate first; of equal ones the first in the list. */
export function inTeachersOrder({ student, teacher }: LossInputs): number[][] {
  const given = plainRows(teacher['scores'] as Values);
  return plainRows(student['scores'] as Values).map((row, list) => {
    const of = (i: number) => given[list]?.[i] as number;
    return [...row.keys()].sort((i, j) => of(j) - of(i) || i - j).map((i) => row[i] as number);
  });
}

/** The teacher's order, with margins so wide that nothing is left of a loss. */
export function widened(inputs: LossInputs): LossInputs {
  const { shape } = inputs.teacher['scores'] as Values;
  const count = shape[1] as number;
  const given = plainRows(inputs.teacher['scores'] as Values);
  const values = given.flatMap((row) => {
    const order = [...row.keys()].sort((i, j) => (row[j] as number) - (row[i] as number) || i - j);
    return row.map((_, i) => 1e3 * (count - order.indexOf(i)));
  });
  return { ...inputs, student: { scores: { shape, values } } };
}

/** log Σ e^x, for numbers of any size. */
export function plainLogSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** log(1 + e^x). */
export function plainSoftplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Weights that add up to 1, and fall by e^(−1 / decay) from one position to the next. */
export function plainPositionWeights(count: number, decay: number | undefined): number[] {
  const raw = Array.from({ length: count }, (_, k) => (decay === undefined ? 1 : Math.exp(-k / decay)));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}
