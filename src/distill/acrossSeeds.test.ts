import { expect, test } from 'vitest';
import { acrossSeeds } from './acrossSeeds.ts';
import { type ControlReport, controlReport, noControl } from './controlReport.ts';

const gained = (accuracyGain: number): ControlReport => ({ ...noControl(''), isPossible: true, accuracyGain });
const over = (...gains: number[]) => acrossSeeds(gains.map(gained));

test('finds a point lost in each of three seeds, which no single run can show', () => {
  const alone = controlReport({
    student: { accuracy: 0.95 },
    control: { accuracy: 0.96 },
    pairs: { onlyStudent: 100, onlyControl: 120 },
    hadLabels: false,
    examples: 200,
    ms: 0,
  });
  expect(alone.isBeyondChance).toBe(false);
  const all = over(-0.01, -0.011, -0.009);
  expect(all).toMatchObject({
    seeds: 3,
    isBeyondChance: true,
    verdict: expect.stringContaining('It does harm: over 3'),
  });
  expect(all.accuracyGain).toBeCloseTo(-0.01, 12);
  expect(all.accuracyGainStdDev).toBeCloseTo(0.001, 12);
});

test('does not mistake chance for a gain', () => {
  expect(over(-0.01, 0.012, 0.004)).toMatchObject({
    isBeyondChance: false,
    verdict: expect.stringContaining('not shown'),
  });
  expect(over(0.01, -0.01).pValue).toBe(1);
  expect(over(0.02, 0.021, 0.019, 0.02).verdict).toBe('It helps: over 4 seeds the gain in accuracy is 2 % ± 0.0816 %.');
});

test('is not sure of two gains that happen to be the same example', () => {
  const same = { ...gained(1 / 2000), pairs: { onlyStudent: 5, onlyControl: 4 } };
  expect(acrossSeeds([same, same])).toMatchObject({ accuracyGainStdDev: 0, isBeyondChance: false });
});

test.each([
  // Critical values of printed tables, two-sided.
  [1, 12.706, 0.05],
  [2, 4.303, 0.05],
  [3, 5.841, 0.01],
  [4, 2.132, 0.1],
  [9, 2.262, 0.05],
  [10, 3.169, 0.01],
  [30, 2.042, 0.05],
])('with %i degrees of freedom a t of %f has the probability %f', (degrees, t, expected) => {
  // Half above and half below the mean, so deviation and t are known.
  const count = degrees + 1;
  const spread = Array.from({ length: count }, (_, i) => i - degrees / 2);
  const squares = spread.reduce((sum, x) => sum + x * x, 0);
  const error = Math.sqrt(squares / degrees / count);
  expect(over(...spread.map((x) => x + t * error)).pValue).toBeCloseTo(expected, 4);
});

test('refuses reports without a gain', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  for (const reports of [[], [gained(0.1)], [gained(0.1), noControl('No holdout.')]]) {
    expect(() => acrossSeeds(reports)).toThrow(refused);
  }
});
