import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { isLong } from '../isLong.mjs';
import { AUDITS, audit } from './audit.mjs';
import { lowerBound, upperLimit } from './bound.ts';

// Fifty runs show gross faults only: 25 are judged, whose limits alone keep what is shown below about 1.8, and half the noise
// shows nothing. `npm run canary`, a part of the long run, judges 500, and runs that meet the example in either way.
// What an accountant has to say is held to published values in src/adapt/privacy.
const PLACES = isLong ? ['steps', 'guard'] : ['steps'];

test('a canary shows less than the ε that is told, and more where noise, clipping or the choice is broken', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  let audits = 0;
  for await (const { place, broken, epsilonTold, epsilonShown } of audit({
    runs: 50,
    epsilon: 1,
    seed: 1,
    places: PLACES,
  })) {
    audits++;
    expect(epsilonTold).toBeCloseTo(1, 4);
    if (broken === 'nothing') expect(epsilonShown, place).toBeLessThanOrEqual(epsilonTold);
    else expect(epsilonShown, `${place}, ${broken} broken`).toBeGreaterThan(epsilonTold);
  }
  expect(audits).toBe(AUDITS.filter(([place]) => PLACES.includes(place)).length);
}, 600_000);

describe('the lower bound', () => {
  // Published exact 95 % intervals of Clopper and Pearson, upper ends.
  test.each([
    [0, 10, 0.3085],
    [5, 10, 0.8129],
    [10, 100, 0.1762],
    [10, 10, 1],
  ])('limits the rate of %d of %d', (seen, of, limit) => {
    expect(upperLimit(seen, of)).toBeCloseTo(limit, 4);
  });

  test('is at most the ε of randomized answers, and near it with many runs', () => {
    const [epsilon, random] = [1.5, seededRandom(4)];
    const truth = Math.exp(epsilon) / (1 + Math.exp(epsilon));
    const answers = (value: number) => Array.from({ length: 20_000 }, () => (random() < truth ? value : 1 - value));
    const scores = { withExample: answers(1), withoutExample: answers(0) };
    const bound = lowerBound(scores, 0);
    expect(bound.epsilon).toBeLessThanOrEqual(epsilon);
    expect(bound.epsilon).toBeGreaterThan(0.9 * epsilon);
    expect(bound.runs).toBe(10_000);
    // The other way round it is seen as well.
    const other = lowerBound({ withExample: scores.withoutExample, withoutExample: scores.withExample }, 0);
    expect(other.epsilon).toBeGreaterThan(0.9 * epsilon);
  });

  test('is nothing where runs with and without are alike, and no more than the runs can show', () => {
    const alike = Array.from({ length: 200 }, (_, i) => i % 7);
    expect(lowerBound({ withExample: alike, withoutExample: alike }, 1e-3).epsilon).toBe(0);
    const apart = { withExample: new Array(200).fill(1), withoutExample: new Array(200).fill(0) };
    const limit = upperLimit(0, 100);
    expect(lowerBound(apart, 1e-3).epsilon).toBeCloseTo(Math.log((1 - 1e-3 - limit) / limit), 9);
  });
});
