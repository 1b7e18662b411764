import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logProbsOf } from '../logProbs.ts';
import { ctcLogProb } from './ctcLogProb.ts';
import { greedyLabel } from './decodeCtc.ts';

const [TIME, CLASSES] = [4, 3];

test('is the sum over every path, one by one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 1 + TIME * CLASSES, maxLength: 1 + TIME * CLASSES }),
      fc.constantFrom(0, CLASSES - 1),
      (values, blank) => {
        const [before, ...steps] = values.map((value) => value / 4);
        const logProbs = logProbsOf({ data: Float32Array.from(steps), shape: [TIME, CLASSES] });
        const from = { offset: 1, time: TIME, classes: CLASSES, blank };
        const held = [before ?? 0, ...logProbs];
        const sums = new Map<string, number>();
        for (let path = 0; path < CLASSES ** TIME; path++) {
          const classes = Array.from({ length: TIME }, (_, step) => Math.floor(path / CLASSES ** step) % CLASSES);
          const sure = classes.flatMap((one) => Array.from({ length: CLASSES }, (_, c) => (c === one ? 0 : -9)));
          const label = greedyLabel(sure, { ...from, offset: 0 }).classes.join();
          const likely = classes.reduce((sum, one, step) => sum + (logProbs[step * CLASSES + one] as number), 0);
          sums.set(label, (sums.get(label) ?? 0) + Math.exp(likely));
        }
        for (const [label, sum] of sums) {
          const classes = label === '' ? [] : label.split(',').map(Number);
          expect(Math.exp(ctcLogProb(held, from, classes))).toBeCloseTo(sum, 10);
        }
      },
    ),
    { numRuns: 20, seed: 20 },
  );
});

test('no path is long enough for two equal classes in two steps', () => {
  const from = { offset: 0, time: 2, classes: 2, blank: 0 };
  expect(ctcLogProb([0, 0, 0, 0], from, [1, 1])).toBe(Number.NEGATIVE_INFINITY);
  expect(ctcLogProb([0, 0, 0, 0, 0, 0], { ...from, time: 3 }, [1, 1])).toBe(0);
});
