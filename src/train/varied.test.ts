import { expect, test } from 'vitest';
import { openVaried } from './varied.ts';

const batch = { inputs: { input: { data: new Float32Array(6), shape: [2, 3] } }, teacher: {} };
const numbers = Int32Array.of(0, 1);

test('varies anew in each epoch, the same for the same seed', () => {
  const epochs = (seed: number) => {
    const varied = openVaried({ augment: { noise: 1 }, size: 4, seed });
    // Two batches an epoch; the examples of the first one twice, to compare.
    const [a, b, c] = [varied(numbers), varied(numbers), varied(numbers)];
    return [a, b, c].map((vary) => vary(batch).inputs['input']?.data);
  };
  const [first, second, third] = epochs(1);
  expect(second).toEqual(first);
  expect(third).not.toEqual(first);
  expect(epochs(1)).toEqual([first, second, third]);
  expect(epochs(2)[0]).not.toEqual(first);
  expect(batch.inputs.input.data.every((value) => value === 0)).toBe(true);
});

test('leaves batches alone where nothing is to be varied', () => {
  expect(openVaried({ size: 4, seed: 1 })(numbers)(batch)).toBe(batch);
});
