import { expect, test } from 'vitest';
import type { Lesson, Method } from '../method.ts';
import { canCrossFit, crossFit } from './crossFit.ts';

const CLASSES = 3;
/** Feature 0 is the example's number; the person's are 0 to 11, four of each class, and two are replayed. */
const own = 12;
const size = own + 2;
const lesson = {
  inputs: {},
  labels: Int32Array.from({ length: size }, (_, i) => i % CLASSES),
  size,
  own,
  features: { data: Float32Array.from({ length: 2 * size }, (_, at) => (at % 2 === 0 ? at / 2 : 1)), shape: [size, 2] },
  logits: { data: new Float32Array(size * CLASSES), shape: [size, CLASSES] },
  budget: { ms: 100 },
  seed: 3,
} as unknown as Lesson;

/** Remembers what it was taught, and adds x · 10 + 1 to class 0 and the number of its lesson to class 2. */
function listener() {
  const heard: Lesson[] = [];
  const method: Method = {
    name: 'listener',
    options: {},
    readsLabels: true,
    takesOneExample: false,
    learn: async (given) => {
      heard.push(given);
      const kernel = Float32Array.of(10, 0, 0, 0, 0, 0);
      return {
        changes: [
          { kind: 'added', weight: 'logits/kernel', shape: [2, CLASSES], delta: kernel },
          { kind: 'added', weight: 'logits/bias', shape: [CLASSES], delta: Float32Array.of(1, 0, heard.length) },
        ],
      };
    },
  };
  return { method, heard };
}

test('each example is answered by what was learned without it, and by all others of its part’s lesson', async () => {
  const { method, heard } = listener();
  const { data, shape } = await crossFit(method, lesson, 0.25);
  expect(shape).toEqual([own, CLASSES]);
  expect(heard).toHaveLength(4);
  for (let i = 0; i < own; i++) {
    expect(data[i * CLASSES]).toBe(10 * i + 1);
    const taught = heard[(data[i * CLASSES + 2] as number) - 1] as Lesson;
    const numbers = Array.from({ length: taught.size }, (_, at) => taught.features.data[2 * at]);
    expect(numbers).not.toContain(i);
    expect(numbers).toHaveLength(size - 3);
    expect(taught.own).toBe(own - 3);
    // Those that are replayed stay, at the end.
    expect(numbers.slice(-2)).toEqual([12, 13]);
    // One of each class was left out.
    expect([0, 1, 2].map((c) => taught.labels.subarray(0, taught.own).filter((label) => label === c).length)).toEqual([
      3, 3, 3,
    ]);
    expect(taught.budget.ms).toBe(25);
  }
});

test('varied copies are left out with the example that they vary, and judge nothing', async () => {
  const { method, heard } = listener();
  // Six examples, and after them one copy of each.
  const labels = Int32Array.from({ length: size }, (_, i) => (i % 6) % CLASSES);
  const { shape } = await crossFit(method, { ...lesson, labels, copies: 1 }, 0.5);
  expect(shape).toEqual([6, CLASSES]);
  for (const taught of heard) {
    const numbers = Array.from({ length: taught.size }, (_, at) => taught.features.data[2 * at] as number);
    expect(taught.own).toBe(6);
    expect(numbers.slice(0, 3).map((one) => one + 6)).toEqual(numbers.slice(3, 6));
    expect(numbers.slice(-2)).toEqual([12, 13]);
  }
});

test('there are two parts at least, and the seed decides them', async () => {
  const [one, other] = [listener(), listener()];
  await crossFit(one.method, lesson, 0.9);
  expect(one.heard.map(({ own: count }) => count)).toEqual([6, 6]);
  await crossFit(other.method, { ...lesson, seed: 4 }, 0.9);
  expect(one.heard[0]?.features).not.toEqual(other.heard[0]?.features);
});

test('a class of one example cannot be judged so', () => {
  expect(canCrossFit(Int32Array.of(0, 0, 1, 1, 1))).toBe(true);
  expect(canCrossFit(Int32Array.of(0, 0, 1))).toBe(false);
});
