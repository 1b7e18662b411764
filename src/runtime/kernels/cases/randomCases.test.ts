import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm } from './binaryCases.ts';
import { casesOf } from './randomCases.ts';

beginOnWasm();

/** How often a backend was asked, and a wrong answer of wasm from some size on. */
function negWrongFrom(wrongFrom: number) {
  const asked: Record<string, number> = {};
  const cases = casesOf<{ readonly size: number }>({
    kernelName: 'Neg',
    attrs: fc.record({ size: fc.integer({ min: 1, max: 40 }) }),
    inputShapes: ({ size }) => [[size]],
    depth: () => 1,
    run({ size }, [x]) {
      const backend = tf.getBackend();
      asked[backend] = (asked[backend] ?? 0) + 1;
      return backend === 'wasm' && size >= wrongFrom ? tf.add(tf.neg(x), 1) : tf.neg(x);
    },
  });
  return { asked, cases };
}

test('a kernel that is wrong from some size on is found, and told by the smallest case', async () => {
  const tensorsBefore = tf.memory().numTensors;
  const { failures } = await negWrongFrom(7).cases.check(100, 1);
  expect(failures).toHaveLength(1);
  expect(JSON.parse(failures[0]?.caseText ?? '{}')).toMatchObject({ attrs: { size: 7 } });
  expect(failures[0]?.message).toContain('of [7] is');
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

test('a kernel that is right has no failure, and the cpu backend computes a case once', async () => {
  const { asked, cases } = negWrongFrom(41);
  for (const count of [100, 40]) {
    expect(await cases.check(count, 1)).toEqual({ kernelName: 'Neg', cases: count, failures: [] });
  }
  expect(asked).toEqual({ cpu: 100, wasm: 140 });
});
