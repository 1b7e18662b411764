import { describe, expect, test } from 'vitest';
import { environment, noisyReport, report, row, skippedRow } from '../cases/reportCases.ts';
import { compareReports, regressions } from './compareReports.ts';

const TIMES = [1, 2, 3, 5, 8, 13, 21, 34];
const rowsOf = (times: readonly number[]) => times.map((ms, i) => row({ model: `model ${i}`, ms }));
const before = report(rowsOf(TIMES));

describe('two reports of one machine', () => {
  const quiet = { machine: 0.04, session: 0.005, round: 0.02 };
  const TRIALS = 60;

  test('at two times are equal, however the machine as a whole has moved', () => {
    let equal = 0;
    for (let i = 0; i < TRIALS; i++) {
      const comparison = compareReports(noisyReport(TIMES, quiet, 2 * i), noisyReport(TIMES, quiet, 2 * i + 1));
      if (comparison.verdict === 'equal') equal++;
    }
    expect(equal).toBe(TRIALS);
  });

  test('of which one row is a quarter slower show that row, and no other', () => {
    let found = 0;
    for (let i = 0; i < TRIALS; i++) {
      const slower = TIMES.map((ms, j) => (j === 3 ? 1.25 * ms : ms));
      const { rows } = compareReports(noisyReport(TIMES, quiet, 2 * i), noisyReport(slower, quiet, 2 * i + 1));
      if (rows.every(({ verdict }, j) => (verdict === 'slower') === (j === 3))) found++;
    }
    expect(found).toBeGreaterThanOrEqual(0.95 * TRIALS);
  });

  test('tell what everything has in common, and take it for the machine', () => {
    const later = report(rowsOf(TIMES.map((ms) => 1.12 * ms)));
    const { verdict, machineRatio, sentence } = compareReports(before, later);
    expect(verdict).toBe('equal');
    expect(machineRatio).toBeCloseTo(1.12, 3);
    expect(sentence).toBe(
      'Equal: none of 8 rows differs by more than the machine may by itself. Everything took 1.12 times as long the second time, which is taken for the machine.',
    );
  });

  test('which everything takes twice as long in, with the same peak, are different', () => {
    const later = report(rowsOf(TIMES.map((ms) => 2 * ms)));
    expect(compareReports(before, later).rows.map(({ verdict }) => verdict)).toEqual(TIMES.map(() => 'slower'));
    const slow = { ...later, environment: environment({ vectorPeakGflops: 10 }) };
    expect(compareReports(before, slow)).toMatchObject({ verdict: 'equal', machineRatio: expect.closeTo(2, 3) });
  });

  test('of which half the rows are slower show these', () => {
    const later = report(rowsOf(TIMES.map((ms, i) => (i < 4 ? 1.5 * ms : ms))));
    const { rows, machineRatio } = compareReports(before, later);
    expect(machineRatio).toBeCloseTo(1, 3);
    expect(rows.map(({ verdict }) => verdict)).toEqual(TIMES.map((_, i) => (i < 4 ? 'slower' : 'equal')));
  });

  test('with few rows claim less', () => {
    const of = (ms: number) => report([row({ ms })]);
    expect(compareReports(of(1), of(1.15)).verdict).toBe('equal');
    expect(compareReports(of(1), of(1.4))).toMatchObject({
      verdict: 'different',
      rows: [{ verdict: 'slower', ratio: expect.closeTo(1.4, 6) }],
    });
  });
});

test('rows are paired by their key; those that came or went are named apart', () => {
  const one = report([row(), row({ threads: 2 }), row({ model: 'cnn' })]);
  const two = report([row({ model: 'cnn' }), row(), row({ batch: 16 })]);
  const { rows, onlyInFirst, onlyInSecond } = compareReports(one, two);
  expect(rows.map(({ model }) => model)).toEqual(['cnn', 'mlp']);
  expect([onlyInFirst, onlyInSecond]).toMatchObject([[{ threads: 2 }], [{ batch: 16 }]]);
  expect(onlyInFirst[0]).not.toHaveProperty('medianMs');
});

test('a row that stops working is broken, one that starts again is mended', () => {
  const works = report([row(), row({ model: 'cnn' }), skippedRow({ model: 'gpu' })]);
  const fails = report([row(), skippedRow({ model: 'cnn' }), skippedRow({ model: 'gpu' })]);
  const comparison = compareReports(works, fails);
  expect(comparison.rows.map(({ verdict }) => verdict)).toEqual(['equal', 'broken', 'idle']);
  expect(comparison.sentence).toBe(
    'Different: of 3 rows 1 wrong or not running any more; inference of cnn on kernels, 1 thread is broken.',
  );
  expect(regressions(comparison, 0.05).map(({ model }) => model)).toEqual(['cnn']);
  expect(compareReports(fails, works).rows[1]?.verdict).toBe('mended');
});

test('reports of different devices say so, and nothing is taken for the machine', () => {
  const phone = report(rowsOf(TIMES.map((ms) => 3 * ms)), {
    environment: environment({ engine: 'Safari 26.0', os: 'iOS 18', cores: 6, vectorPeakGflops: 7 }),
  });
  const { isSameDevice, machineRatio, sentence, environmentChanges } = compareReports(before, phone);
  expect([isSameDevice, machineRatio]).toEqual([false, 1]);
  expect(environmentChanges).toContain('engine: Chromium 156, then Safari 26.0');
  expect(environmentChanges).toContain('vector peak: 65 % lower the second time');
  expect(sentence).toMatch(
    /^These seem to be different devices \(engine: .*\)\. Different: of 8 rows 8 slower; most of all/,
  );
});

test('a newer engine is the same device', () => {
  const later = report(rowsOf(TIMES), { environment: environment({ engine: 'Chromium 157' }) });
  expect(compareReports(before, later)).toMatchObject({
    isSameDevice: true,
    environmentChanges: ['engine: Chromium 156, then Chromium 157'],
  });
});

test('without a row that ran in both, nothing is compared', () => {
  expect(compareReports(report([]), before)).toMatchObject({ verdict: 'incomparable' });
});

test('memory is compared by its bytes', () => {
  const of = (peakBytes: number) => report([row({ workload: 'memory', ms: Number.NaN, peakBytes })]);
  expect(compareReports(of(1e6), of(2e6)).rows[0]).toMatchObject({ verdict: 'slower', ratio: expect.closeTo(2, 9) });
});

test('a fraction says what counts as slower', () => {
  const later = report(rowsOf(TIMES.map((ms, i) => (i === 2 ? 1.2 * ms : ms))));
  const comparison = compareReports(before, later);
  expect(regressions(comparison, 0.05)).toHaveLength(1);
  expect(regressions(comparison, 0.3)).toHaveLength(0);
});
