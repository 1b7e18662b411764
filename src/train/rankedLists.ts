// Shared by the metrics over rankings: lists in the student's order, with what is relevant in them.
import { count, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import type { MetricInputs } from './metric.ts';

export const RANKING = schema('the metric', {
  /** How many candidates a person looks at. Default 10. */
  top: count()(10),
  /**
   * What is relevant: 'teacher', the numbers that are given as the teacher's, such as its scores or grades from 0 on, or
   * 'labels', of which each is the number of the one relevant candidate of its list. Default 'teacher'.
   */
  truth: oneOf('teacher', 'labels')('teacher'),
});

/** How far a metric over rankings looks, and what it takes for the truth. */
export interface RankingMetricOptions extends OptionsOf<typeof RANKING> {}

/** One list of candidates. */
export interface RankedList {
  /** Candidates of equal scores together, the best first. */
  readonly groups: readonly (readonly number[])[];
  /** How relevant each candidate is, 0 or more. */
  readonly grades: readonly number[];
}

/**
 * The mean of a number over the lists. Lists for which it is undefined are left out, NaN if all are, and if a score is NaN.
 * Grades below 0 are lifted until the least of their list is 0.
 * Shapes    student [..., N], teacher [..., N] or labels [B] → one number
 * Units     those of the number
 * Throws    nothing
 * Source    none: bookkeeping
 */
export function meanOverLists(
  { student, teacher, labels }: MetricInputs,
  truth: 'teacher' | 'labels',
  numberOf: (list: RankedList) => number | undefined,
): number {
  const length = student.shape.at(-1) ?? 0;
  if (length === 0) return Number.NaN;
  let [sum, known] = [0, 0];
  for (let from = 0, list = 0; from < student.data.length; from += length, list++) {
    const scores = Array.from(student.data.subarray(from, from + length));
    const given = truth === 'teacher' ? teacher?.data.subarray(from, from + length) : undefined;
    const raw = scores.map((_, i) => (given === undefined ? Number(labels?.[list] === i) : (given[i] as number)));
    if ([...scores, ...raw].some(Number.isNaN)) return Number.NaN;
    const least = Math.min(0, ...raw);
    const value = numberOf({ groups: groupsOf(scores), grades: raw.map((grade) => grade - least) });
    if (value === undefined) continue;
    sum += value;
    known++;
  }
  return known === 0 ? Number.NaN : sum / known;
}

function groupsOf(scores: readonly number[]): number[][] {
  const groups: number[][] = [];
  const order = [...scores.keys()].sort((i, j) => (scores[j] as number) - (scores[i] as number));
  for (const candidate of order) {
    const last = groups.at(-1);
    if (last && scores[last[0] as number] === scores[candidate]) last.push(candidate);
    else groups.push([candidate]);
  }
  return groups;
}

/** The name of a metric that looks at the first `top`; what it takes for the truth is named where that is not usual. */
export function rankingName(
  name: string,
  { top, truth }: { readonly top: number; readonly truth: 'teacher' | 'labels' },
  usual: 'teacher' | 'labels',
): string {
  return `${name}@${top}${truth === usual ? '' : ` by ${truth}`}`;
}
