import { describe, expect, test } from 'vitest';
import { readSteps } from './readSteps.ts';
import { reviveRead } from './reviveRead.ts';

const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });
/** [B, T, C] with B = 1, T = 4, C = 3: a blank and two characters; the second step is least blank. */
const answers = array([0.9, 0.06, 0.04, 0.1, 0.2, 0.7, 0.8, 0.1, 0.1, 0.7, 0.3, 0], 1, 4, 3);
const probs = (logits: { readonly data: ArrayLike<number> } | undefined) =>
  Array.from(logits?.data ?? [], (value) => Number(Math.exp(value).toFixed(6)));

test('keeps the chosen classes of each step, in the order given, as shares of their sum', () => {
  const { logits } = readSteps({ classes: [2, 0], blank: 1 })({ y: answers });
  expect(logits?.shape).toEqual([1, 4, 2]);
  const expected = [0.04 / 0.94, 0.9 / 0.94, 7 / 8, 1 / 8, 1 / 9, 8 / 9, 0, 1];
  expect(probs(logits)).toEqual(expected.map((value) => Number(value.toFixed(6))));
});

test('keeps a class without any probability finite', () => {
  const { logits } = readSteps()({ y: answers });
  expect(logits?.data[11]).toBeCloseTo(Math.log(1e-12), 4);
});

test('takes logits, of any size', () => {
  const { logits } = readSteps({ given: 'logits', classes: [1, 0], blank: 1 })({ y: array([1e4, 1e4, -1e4], 1, 1, 3) });
  expect(probs(logits)).toEqual([0.5, 0.5]);
});

describe('where the student has another number of steps', () => {
  const read = (steps: number, y = answers) => readSteps({ steps })({ y })['logits'];

  test('the least blank of the steps that fall on one stands for them', () => {
    expect(read(2)?.shape).toEqual([1, 2, 3]);
    expect(probs(read(2))).toEqual([0.1, 0.2, 0.7, 0.7, 0.3, 0]);
    expect(probs(read(1))).toEqual([0.1, 0.2, 0.7]);
    expect(probs(read(3))).toEqual([0.9, 0.06, 0.04, 0.1, 0.2, 0.7, 0.7, 0.3, 0]);
  });

  test('steps repeat if there are more', () => {
    const line = array([0.75, 0.25, 0.5, 0.5], 1, 2, 2);
    expect(probs(read(4, line))).toEqual([0.75, 0.25, 0.75, 0.25, 0.5, 0.5, 0.5, 0.5]);
  });

  test('each example is read by itself', () => {
    const two = array([0.9, 0.1, 0.2, 0.8, /**/ 0.3, 0.7, 0.6, 0.4], 2, 2, 2);
    expect(probs(read(1, two))).toEqual([0.2, 0.8, 0.3, 0.7]);
  });
});

test('reads the output it is told, keeps what it is told, and is made again of its spec', () => {
  const tap = array([1], 1, 1);
  const read = readSteps({ classes: [0, 2], output: 'y', keep: ['tap'], steps: 2 });
  const spec = JSON.parse(JSON.stringify(read.spec)) as NonNullable<typeof read.spec>;
  for (const one of [read, reviveRead(spec)]) {
    expect(Object.keys(one({ first: tap, y: answers, tap })).sort()).toEqual(['logits', 'tap']);
    expect(one({ y: answers, tap })).toEqual(read({ y: answers, tap }));
  }
  expect(() => read({ y: answers })).toThrow(expect.objectContaining({ code: 'unknown-output' }));
});

test.each([
  { name: 'no class', run: () => readSteps({ classes: [] }), code: 'invalid-option' },
  { name: 'a class of −1', run: () => readSteps({ classes: [0, -1] }), code: 'invalid-option' },
  { name: 'a blank that is not kept', run: () => readSteps({ classes: [0, 1], blank: 2 }), code: 'invalid-option' },
  { name: 'no step', run: () => readSteps({ steps: 0 }), code: 'invalid-option' },
  {
    name: 'an output that is not there',
    run: () => readSteps({ output: 'z' })({ y: answers }),
    code: 'unknown-output',
  },
  {
    name: 'a class beyond the model’s',
    run: () => readSteps({ classes: [0, 3] })({ y: answers }),
    code: 'shape-mismatch',
  },
  { name: 'a blank beyond the model’s', run: () => readSteps({ blank: 3 })({ y: answers }), code: 'shape-mismatch' },
  { name: 'an output without time', run: () => readSteps()({ y: array([1, 2], 1, 2) }), code: 'shape-mismatch' },
])('refuses $name', ({ run, code }) => expect(run).toThrow(expect.objectContaining({ code })));
