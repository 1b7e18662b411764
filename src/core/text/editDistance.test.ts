import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance } from './editDistance.ts';

/** By its definition. */
function slowly(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [x, y] = [a.slice(1), b.slice(1)];
  return a[0] === b[0] ? slowly(x, y) : 1 + Math.min(slowly(x, y), slowly(x, b), slowly(a, y));
}

test('is the fewest changes of one character', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance([1, 2, 3], Int32Array.of(1, 3))).toBe(1);
});

test('equals its definition', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  fc.assert(
    fc.property(word, word, (a, b) => editDistance(a, b) === slowly(a, b)),
    { numRuns: 200, seed: 1 },
  );
});
