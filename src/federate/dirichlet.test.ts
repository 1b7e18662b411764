import { expect, test } from 'vitest';
import { dirichletShares } from './dirichlet.ts';

const labels = Array.from({ length: 1000 }, (_, i) => i % 10);
/** The share of a client's most frequent class, on average. */
const oneSidedness = (shares: readonly Int32Array[]) => {
  const most = shares.map((share) => {
    const counts = new Array<number>(10).fill(0);
    for (const i of share) counts[labels[i] as number] = (counts[labels[i] as number] ?? 0) + 1;
    return Math.max(...counts) / share.length;
  });
  return most.reduce((sum, one) => sum + one, 0) / most.length;
};

test('every client has as many examples, and no example has two clients', () => {
  for (const [clients, alpha] of [
    [10, 0.1],
    [7, 1],
    [1000, 0.01],
    [1, 0.1],
  ] as const) {
    const shares = dirichletShares(labels, clients, alpha, 3);
    expect(shares.map(({ length }) => length)).toEqual(new Array(clients).fill(Math.floor(1000 / clients)));
    const all = shares.flatMap((share) => [...share]);
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((i) => i >= 0 && i < 1000)).toBe(true);
  }
});

test('a small alpha gives clients nearly one class each, a large one all alike', () => {
  const [narrow, middle, wide] = [0.05, 1, 1000].map((alpha) => oneSidedness(dirichletShares(labels, 10, alpha, 5)));
  expect(narrow).toBeGreaterThan(0.6);
  expect(middle).toBeLessThan(narrow as number);
  expect(wide).toBeLessThan(0.2);
});

test('is decided by the seed', () => {
  expect(dirichletShares(labels, 5, 0.1, 1)).toEqual(dirichletShares(labels, 5, 0.1, 1));
  expect(dirichletShares(labels, 5, 0.1, 1)).not.toEqual(dirichletShares(labels, 5, 0.1, 2));
});

test('refuses more clients than examples', () => {
  const invalid = expect.objectContaining({ code: 'invalid-option' });
  expect(() => dirichletShares([0, 1], 3, 0.1)).toThrow(invalid);
  expect(() => dirichletShares([0, 1], 1, 0)).toThrow(invalid);
});
