import { expect, test } from 'vitest';
import { failureLines, failureOfStage, failuresOfPlaywright, failuresOfVitest } from './failures.mjs';

test('vitest: each failed test by its file and name, a file that does not load by its message', () => {
  const assertionResults = [
    { status: 'passed', fullName: 'adds' },
    {
      status: 'failed',
      fullName: 'sums > divides',
      failureMessages: ['Error: 1 is not 2\n\n    at here.ts:3\n at b\n at c\n at d'],
    },
  ];
  const testResults = [
    { name: 'a.test.ts', status: 'failed', message: '', assertionResults },
    { name: 'b.test.ts', status: 'failed', message: 'Cannot find ./x', assertionResults: [] },
    { name: 'c.test.ts', status: 'passed', message: '', assertionResults: [] },
  ];
  expect(failuresOfVitest({ testResults })).toEqual([
    'a.test.ts › sums > divides\n    Error: 1 is not 2\n    at here.ts:3\n    at b\n    at c',
    'b.test.ts\n    Cannot find ./x',
  ]);
});

test('Playwright: what failed at any depth, what passed only at a second try, and errors of the runner', () => {
  const spec = (title: string, status: string) => ({
    file: 'x.spec.ts',
    line: 7,
    title,
    tests: [{ status, results: [{ error: { message: `\u001b[31m${title} was wrong\u001b[39m` } }] }],
  });
  const inner = { specs: [spec('deep', 'unexpected'), spec('good', 'expected')] };
  const suites = [{ specs: [spec('again', 'flaky')], suites: [inner] }];
  expect(failuresOfPlaywright({ suites, errors: [{ message: 'no browser' }] })).toEqual([
    'x.spec.ts:7 › again\n    again was wrong',
    'x.spec.ts:7 › deep\n    deep was wrong',
    'the runner itself\n    no browser',
  ]);
});

test('a stage: the end of what it said; every failure names its stage', () => {
  const lines = failureLines([
    { stage: 'types', failures: [failureOfStage('a\nb\nc\nd\ne\n')] },
    { stage: 'unit', failures: ['one', 'two'] },
  ]);
  expect(lines).toEqual([
    'failed: types: the stage\n    b\n    c\n    d\n    e',
    'failed: unit: one',
    'failed: unit: two',
  ]);
});
