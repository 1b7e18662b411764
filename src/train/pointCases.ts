// Golden cases of the metrics of points and boxes, which scripts/golden/points.py made. Only tests import this file.
import { readFileSync } from 'node:fs';
import type { NdArray } from '../core/shape.ts';

interface Integers {
  readonly shape: readonly number[];
  readonly student: readonly number[];
  readonly teacher: readonly number[];
}

interface PointCase {
  readonly normalizedMeanError: number;
  readonly normalizedMeanErrorByPair: number;
  readonly correctPoints: number;
  readonly correctPointsByPair: number;
}

interface BoxCase {
  readonly meanOverlap: number;
}

interface Compared {
  readonly shape: readonly number[];
  readonly student: NdArray;
  readonly teacher: NdArray;
}

interface Golden {
  readonly unit: number;
  readonly points: readonly (Integers & PointCase)[];
  readonly boxes: readonly (Integers & BoxCase)[];
}

function casesOf<T extends Integers>(all: readonly T[], unit: number): (Omit<T, keyof Integers> & Compared)[] {
  return all.map(({ shape, student, teacher, ...values }) => {
    const array = (k: readonly number[]): NdArray => ({ data: Float32Array.from(k, (one) => one / unit), shape });
    return { ...values, shape, student: array(student), teacher: array(teacher) };
  });
}

const golden = (): Golden =>
  JSON.parse(readFileSync(new URL('metrics/golden/points.json', import.meta.url), 'utf8')) as Golden;

export const pointCases = () => casesOf(golden().points, golden().unit);
export const boxCases = () => casesOf(golden().boxes, golden().unit);
