import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { type AllExamples, joinExamples, pickExamples } from '../examples.ts';
import { holdOut, holdOutByContent } from './holdOut.ts';

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

const key = [1, 2, 3, 4, 5, 6, 7, 8];
const random = seededRandom(3);
const many: AllExamples = {
  inputs: {
    image: { data: Float32Array.from({ length: 1200 }, random), shape: [400, 3] },
    tokens: { data: Int32Array.from({ length: 400 }, (_, i) => i), shape: [400, 1] },
  },
  labels: Int32Array.from({ length: 400 }, (_, i) => i % 4),
  size: 400,
};

test('by content, nobody changes side when an example comes, goes, has another label or another place', async () => {
  const before = new Set((await holdOutByContent(many, 0.25, key)).held);
  const order = Int32Array.from({ length: 400 }, (_, i) => (i * 171 + 5) % 400).filter((i) => i !== 7);
  const less = pickExamples(many, order);
  const after = await holdOutByContent({ ...less, labels: less.labels?.fill(1) }, 0.25, key);
  expect(after.learned.length + after.held.length).toBe(399);
  expect(new Set(Array.from(after.held, (i) => order[i]))).toEqual(new Set([...before].filter((i) => i !== 7)));
  // Five standard errors.
  expect(Math.abs(before.size / 400 - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 400));
});

test('the same examples are on the same side, and the key decides which', async () => {
  const { held, learned } = await holdOutByContent(joinExamples(many, many), 0.25, key);
  expect([...held]).toEqual([...held.filter((i) => i < 400), ...held.filter((i) => i < 400).map((i) => i + 400)]);
  const other = await holdOutByContent(many, 0.25, [...key].reverse());
  expect(other.held).not.toEqual(held.filter((i) => i < 400));
  expect(learned.length).toBe(800 - held.length);
  expect((await holdOutByContent(many, 0, key)).held).toHaveLength(0);
  expect((await holdOutByContent(many, 1, key)).learned).toHaveLength(0);
});
