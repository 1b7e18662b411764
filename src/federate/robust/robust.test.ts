import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { median as medianOf } from '../../core/stats.ts';
import { type ClientUpdate, type Combine, normOf } from '../combine.ts';
import { clippedMean, clipNorm } from './clippedMean.ts';
import { median } from './median.ts';
import { multiKrum } from './multiKrum.ts';
import { trimmedMean } from './trimmedMean.ts';
import { weightedMean } from './weightedMean.ts';

const ALL = { weightedMean, median, trimmedMean, multiKrum, clippedMean };
const ROBUST = { median, trimmedMean, multiKrum, clippedMean };
const LENGTH = 50;

/** Ten honest updates: one direction, and noise of each client's own. */
function honest(count = 10, length = LENGTH): ClientUpdate[] {
  const random = seededRandom(3);
  const direction = Float32Array.from({ length }, () => random() - 0.5);
  return Array.from({ length: count }, (_, i) => ({
    client: `client-${i}`,
    weight: 1 + (i % 3),
    values: direction.map((value) => value + 0.2 * (random() - 0.5)),
  }));
}

const poison = (updates: readonly ClientUpdate[], change: (value: number) => number) =>
  updates.map((update, i) => (i < 2 ? { ...update, values: update.values.map(change) } : update));

const distance = (a: Float32Array, b: Float32Array) => normOf(a.map((value, i) => value - (b[i] as number)));

/** One coordinate of all updates, sorted. */
const column = (updates: readonly ClientUpdate[], at: number) =>
  updates.map(({ values }) => values[at] as number).sort((a, b) => a - b);

describe('slow references', () => {
  const near = (values: Float32Array, reference: (at: number) => number) => {
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(reference(i), 6);
  };

  test.each([1, 2, 3, 4, 7, 10])('%d updates', (count) => {
    const updates = honest(count);
    const options = { length: LENGTH };
    const total = updates.reduce((sum, { weight }) => sum + weight, 0);
    const mean = (at: number) =>
      updates.reduce((sum, { weight, values }) => sum + weight * (values[at] as number), 0) / total;
    near(weightedMean(updates, options).values, mean);
    near(median(updates, options).values, (at) => medianOf(column(updates, at)));
    const left = count < 3 ? 0 : Math.ceil(0.2 * count);
    near(trimmedMean(updates, options).values, (at) => {
      const inner = column(updates, at).slice(left, count - left);
      return inner.reduce((sum, value) => sum + value, 0) / inner.length;
    });
    near(trimmedMean(updates, { ...options, trim: 0 }).values, (at) => {
      return column(updates, at).reduce((sum, value) => sum + value, 0) / count;
    });
    near(clippedMean(updates, { ...options, clipNorm: 100 }).values, mean);
  });

  test('multi-Krum leaves out the updates whose neighbours are farthest', () => {
    const updates = poison(honest(7), (value) => value + 3);
    const { rejected, values } = multiKrum(updates, { length: LENGTH, poisoned: 0.25 });
    // n = 7, f = 2: the three nearest of each.
    const scores = updates.map((one) =>
      updates
        .map((other) => distance(one.values, other.values) ** 2)
        .sort((a, b) => a - b)
        .slice(1, 4)
        .reduce((sum, squared) => sum + squared, 0),
    );
    const limit = scores.toSorted((a, b) => a - b)[4] as number;
    const far = updates.filter((_, i) => (scores[i] as number) > limit).map(({ client }) => client);
    expect(rejected).toEqual(far.map((client) => ({ client, reason: 'far-from-others' })));
    const kept = updates.filter(({ client }) => !far.includes(client));
    expect(values).toEqual(weightedMean(kept, { length: LENGTH }).values);
  });

  test('a clipped vector keeps its direction, and is never longer than it may be', () => {
    const random = seededRandom(1);
    for (let trial = 0; trial < 50; trial++) {
      const values = Float32Array.from({ length: 30 }, () => 10 ** (4 * random() - 2) * (random() - 0.5));
      const most = normOf(values) * (0.1 + random());
      const clipped = clipNorm(values, most);
      expect(normOf(clipped)).toBeLessThanOrEqual(most);
      const scale = Math.min(1, most / normOf(values));
      for (const [i, value] of clipped.entries()) expect(value).toBeCloseTo(scale * (values[i] as number), 4);
    }
  });
});

describe.each(Object.entries(ALL))('%s', (_, combine: Combine) => {
  test('does not depend on the order of arrival, not in a bit', () => {
    const updates = honest();
    const shuffled = [...updates.slice(4).reverse(), ...updates.slice(0, 4)];
    expect(combine(shuffled, { length: LENGTH }).values).toEqual(combine(updates, { length: LENGTH }).values);
  });

  test('names what cannot count, and leaves it out', () => {
    const updates = honest();
    const clean = combine(updates, { length: LENGTH, mostNorm: 100, mostWeight: 10 });
    const [first] = updates as [ClientUpdate];
    const bad = [
      { client: 'nan', weight: 1, values: first.values.map((value, i) => (i === 7 ? Number.NaN : value)) },
      { client: 'infinite', weight: 1, values: first.values.map((v, i) => (i === 7 ? Number.NEGATIVE_INFINITY : v)) },
      { client: 'short', weight: 1, values: first.values.slice(1) },
      { client: 'long', weight: 1, values: new Float32Array(LENGTH + 1) },
      { client: 'list', weight: 1, values: [...first.values] as unknown as Float32Array },
      { client: 'huge', weight: 1, values: first.values.map((value) => value * 1e6) },
      { client: 'heavy', weight: 1e9, values: first.values },
      { client: 'weightless', weight: 0, values: first.values },
      { client: 'nanWeight', weight: Number.NaN, values: first.values },
    ];
    const again = { ...first, values: first.values.map((value) => -value) };
    const mixed = combine([...bad, ...updates, again], { length: LENGTH, mostNorm: 100, mostWeight: 10 });
    expect(mixed.values).toEqual(clean.values);
    expect(mixed.rejected.slice(0, 10)).toEqual([
      { client: 'nan', reason: 'not-finite' },
      { client: 'infinite', reason: 'not-finite' },
      { client: 'short', reason: 'wrong-length' },
      { client: 'long', reason: 'wrong-length' },
      { client: 'list', reason: 'malformed' },
      { client: 'huge', reason: 'too-large' },
      { client: 'heavy', reason: 'bad-weight' },
      { client: 'weightless', reason: 'bad-weight' },
      { client: 'nanWeight', reason: 'bad-weight' },
      { client: first.client, reason: 'duplicate' },
    ]);
  });

  test('of no updates gives zeros', () => {
    expect(combine([], { length: 3 })).toEqual({ values: new Float32Array(3), rejected: [] });
  });

  test.each([{ length: 0 }, { length: 1.5 }, { length: 3, mostNorm: 0 }, { length: 3, mostWeight: Number.NaN }])(
    'refuses %o',
    (options) => {
      expect(() => combine([], options)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    },
  );
});

test('fractions out of range are refused', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  expect(() => trimmedMean([], { length: 1, trim: 0.5 })).toThrow(refused);
  expect(() => multiKrum([], { length: 1, poisoned: -0.1 })).toThrow(refused);
  expect(() => clippedMean([], { length: 1, clipNorm: 0 })).toThrow(refused);
});

describe('two of ten are poisoned', () => {
  const updates = honest();
  const options = { length: LENGTH };
  const truth = weightedMean(updates.slice(2), options).values;

  test.each(Object.entries(ROBUST))('scaled by −1,000: %s moves little, the mean far', (_, combine: Combine) => {
    const poisoned = poison(updates, (value) => -1000 * value);
    expect(distance(combine(poisoned, options).values, truth)).toBeLessThan(0.6 * normOf(truth));
    expect(distance(weightedMean(poisoned, options).values, truth)).toBeGreaterThan(100 * normOf(truth));
  });

  test.each([
    ['median', median],
    ['trimmedMean', trimmedMean],
    ['multiKrum', multiKrum],
  ] as const)('flipped signs: %s moves less than half as far as the mean', (_, combine: Combine) => {
    const poisoned = poison(updates, (value) => -value);
    const far = distance(weightedMean(poisoned, options).values, truth);
    expect(far).toBeGreaterThan(0.3 * normOf(truth));
    expect(distance(combine(poisoned, options).values, truth)).toBeLessThan(far / 2);
  });
});
