import { expect, test } from 'vitest';
import { closingLine, countOnce, noCounts, ofRunner, ofStage, plus } from './counts.mjs';

type Verdict = 'passed' | 'failed' | 'skipped';
const specs = (verdicts: Record<string, Verdict>) =>
  Object.entries(verdicts).map(([name, verdict]) => ({ name, verdict }));

test('a spec that several runs have counts once, by the worst that became of it', () => {
  const relaxed = specs({ a: 'passed', b: 'failed', c: 'skipped', d: 'passed' });
  const simd = specs({ a: 'passed', b: 'passed', c: 'passed', d: 'skipped', e: 'failed' });
  expect(countOnce([relaxed, simd])).toEqual({ passed: 1, failed: 2, skipped: 2 });
  expect(countOnce([simd, relaxed])).toEqual({ passed: 1, failed: 2, skipped: 2 });
  expect(countOnce([])).toEqual(noCounts());
});

test('a stage counts only where it failed', () => {
  expect(ofStage(true)).toEqual(noCounts());
  expect(ofStage(false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('a runner that failed without a failed test, or told nothing, counts as one failure', () => {
  const counts = { passed: 3, failed: 0, skipped: 1 };
  expect(ofRunner(counts, 0)).toEqual(counts);
  expect(ofRunner(counts, 1)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  expect(ofRunner(counts, null)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  expect(ofRunner({ ...counts, failed: 2 }, 1)).toEqual({ ...counts, failed: 2 });
  expect(ofRunner(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('the closing line', () => {
  const total = [ofStage(true), { passed: 4381, failed: 0, skipped: 0 }, ofStage(false)].reduce(plus, noCounts());
  expect(closingLine(total)).toBe('4381 passed, 1 failed');
  expect(closingLine({ passed: 2, failed: 0, skipped: 1 })).toBe('2 passed, 0 failed, 1 skipped');
});
