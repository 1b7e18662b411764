import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { warmUpEnd } from './warmUpEnd.ts';

const random = seededRandom(5);
const passes = (count: number, ms: number) => Array.from({ length: count }, () => ms * (1 + 0.05 * random()));

describe('warmUpEnd', () => {
  test('finds where a compiler was done, in one step or several', () => {
    expect(warmUpEnd([900, ...passes(30, 10)])).toBe(1);
    expect(warmUpEnd([...passes(12, 25), ...passes(40, 10)])).toBe(12);
    expect(warmUpEnd([900, ...passes(5, 40), ...passes(12, 25), ...passes(40, 10)])).toBe(18);
  });

  test('finds none where there is none', () => {
    const found = Array.from({ length: 100 }, () => warmUpEnd(passes(40, 10)));
    expect(found.filter((end) => end > 0).length).toBeLessThanOrEqual(5);
    expect(warmUpEnd([])).toBe(0);
    expect(warmUpEnd([5])).toBe(0);
    expect(warmUpEnd([0, 0, 0])).toBe(0);
  });

  test('what becomes slower is no warm-up, nor is a difference that does not count', () => {
    expect(warmUpEnd([...passes(20, 10), ...passes(20, 15)])).toBe(0);
    expect(warmUpEnd(Array.from({ length: 40 }, (_, i) => (i < 10 ? 10.1 : 10)))).toBe(0);
  });

  test('one slow pass in the middle is not the end of a warm-up of all before it', () => {
    const times = passes(60, 10);
    times[30] = 200;
    expect(warmUpEnd(times)).toBe(0);
  });
});
