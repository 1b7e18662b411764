import { describe, expect, test } from 'vitest';
import { lowRank } from '../cases/patchCases.ts';
import { addedBy } from './addedBy.ts';
import { lowerRank } from './lowerRank.ts';

/** Outer products of unit vectors with these singular values, mixed so that they are not told by looking. */
function known(values: readonly number[], rows: number, columns: number) {
  const rank = values.length;
  // Rows and columns of a matrix of cosines stand at right angles (DCT-II).
  const cosine = (q: number, i: number, n: number) => Math.sqrt(2 / n) * Math.cos((Math.PI * (q + 1) * (i + 0.5)) / n);
  const mixed = (q: number, p: number) => (q === p ? 2 : 1) / 3;
  const left = Float32Array.from({ length: rows * rank }, (_, at) => {
    const [row, p] = [Math.floor(at / rank), at % rank];
    return values.reduce((sum, value, q) => sum + value * cosine(q, row, rows) * mixed(q, p), 0);
  });
  return { left, cosine, mixed, rank, columns, rows };
}

const squares = (values: Iterable<number>) => Array.from(values).reduce((sum, value) => sum + value * value, 0);
const missed = (a: Float64Array, b: Float64Array) => squares(a.map((value, i) => value - (b[i] as number)));

describe('a change of lower rank', () => {
  test('misses the squares of the singular values that are cut, no more', () => {
    const { left, cosine, rank, columns } = known([9, 4, 1], 12, 8);
    // left = U · diag(values) · M; with right = M⁻¹ · Vᵀ the product has these singular values. M = (J + I) / 3, J all ones.
    const inverse = (q: number, p: number) => 3 * ((q === p ? 1 : 0) - 1 / (rank + 1));
    const right = Float32Array.from({ length: rank * columns }, (_, at) => {
      const [p, c] = [Math.floor(at / columns), at % columns];
      return [0, 1, 2].reduce((sum, q) => sum + inverse(p, q) * cosine(q, c, columns), 0);
    });
    const change = { kind: 'low-rank', weight: 'w', shape: [3, 4, columns], rank, left, right } as const;
    expect(squares(addedBy(change))).toBeCloseTo(81 + 16 + 1, 3);
    const [two, one] = [lowerRank(change, 2), lowerRank(change, 1)];
    expect(missed(addedBy(two), addedBy(change))).toBeCloseTo(1, 3);
    expect(missed(addedBy(one), addedBy(change))).toBeCloseTo(17, 3);
    expect([two.rank, two.left.length, two.right.length]).toEqual([2, 24, 16]);
    expect(squares(two.right.subarray(0, columns))).toBeCloseTo(81, 3);
  });

  test('is the same where nothing is lost: equal columns, zeros, more rank than rows', () => {
    const twice = lowRank('w', [5, 4], 2, 1);
    const repeated = { ...twice, left: twice.left.map((_, i) => twice.left[i - (i % 2)] as number) };
    const once = lowerRank(repeated, 1);
    expect(missed(addedBy(once), addedBy(repeated))).toBeLessThan(1e-12);
    const zeros = { ...twice, left: new Float32Array(10) };
    expect(squares(addedBy(lowerRank(zeros, 1)))).toBe(0);
    const many = lowRank('w', [2, 3], 7, 3);
    expect(missed(addedBy(lowerRank(many, 2)), addedBy(many))).toBeLessThan(1e-11);
    expect(lowerRank(twice, 2)).toBe(twice);
    const uneven = lowRank('w', [6, 5], 2, 5);
    for (const i of uneven.left.keys()) (uneven.left[i] as number) *= i % 2 === 0 ? 1e-20 : 1;
    for (const i of uneven.right.keys()) (uneven.right[i] as number) *= i < 5 ? 1e20 : 1;
    const three = {
      ...uneven,
      rank: 3,
      left: Float32Array.from({ length: 18 }, (_, i) =>
        i % 3 < 2 ? (uneven.left[2 * Math.floor(i / 3) + (i % 3)] as number) : 1,
      ),
      right: Float32Array.of(...uneven.right, 0, 0, 0, 0, 0),
    };
    expect(missed(addedBy(lowerRank(three, 2)), addedBy(uneven))).toBeLessThan(1e-11);
  });

  test('keeps random changes within what their singular values allow', () => {
    const change = lowRank('w', [3, 3, 16, 32], 12, 7);
    const errors = [12, 11, 8, 4, 1].map((rank) => missed(addedBy(lowerRank(change, rank)), addedBy(change)));
    expect(errors[0]).toBe(0);
    expect(errors).toEqual([...errors].sort((a, b) => a - b));
    const total = squares(addedBy(change));
    expect(errors.at(-1)).toBeLessThan((total * 11) / 12);
  });

  test('is finite for numbers as large as float32 has', () => {
    const most = { ...lowRank('w', [4, 4], 3, 9) };
    const large = {
      ...most,
      left: most.left.map((value) => value * 1e38),
      right: most.right.map((value) => value * 1e38),
    };
    expect(lowerRank(most, 1).right.every(Number.isFinite)).toBe(true);
    expect(lowerRank({ ...large, right: most.right }, 2).right.every(Number.isFinite)).toBe(true);
  });
});
