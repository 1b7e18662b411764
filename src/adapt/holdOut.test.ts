import { expect, test } from 'vitest';
import { holdOut } from './holdOut.ts';

const labels = Int32Array.from({ length: 43 }, (_, i) => (i < 40 ? i % 2 : i === 40 ? 2 : 3));

test('of every class the same share is held out, and classes of one or two examples keep theirs', () => {
  const { learned, held } = holdOut(labels, 0.25, 1);
  expect([...learned, ...held].sort((a, b) => a - b)).toEqual([...labels.keys()]);
  expect([0, 1, 2, 3].map((c) => held.filter((i) => labels[i] === c).length)).toEqual([5, 5, 0, 0]);
});

test('one example at least of each other class is held out, and one at least is learned from', () => {
  const three = Int32Array.of(0, 0, 0, 1, 1, 1);
  expect(holdOut(three, 0.01, 1).held).toHaveLength(2);
  expect(holdOut(labels, 1, 1).learned.length).toBe(1 + 1 + 1 + 2);
  expect(holdOut(labels, 0, 1).held).toHaveLength(0);
});

test('the seed decides', () => {
  expect(holdOut(labels, 0.25, 1)).toEqual(holdOut(labels, 0.25, 1));
  expect(holdOut(labels, 0.25, 2).held).not.toEqual(holdOut(labels, 0.25, 1).held);
});
