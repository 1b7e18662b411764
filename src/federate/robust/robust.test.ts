import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { median as medianOf } from '../../core/stats.ts';
import { type Combine, type Part, weightedMean } from '../combine.ts';
import { squaredDistance } from '../distance.ts';
import { privateMean } from '../privacy/privateMean.ts';
import { clip, clippedMean } from './clippedMean.ts';
import { median } from './median.ts';
import { multiKrum } from './multiKrum.ts';
import { nearestNeighbourMixing } from './nearestNeighbourMixing.ts';
import { trimmedMean } from './trimmedMean.ts';

const LENGTHS = { kernel: [6, 5], bias: [5] };
const BEFORE = named(() => 0.5);

/** Arrays of the test's names and shapes. */
function named(value: (i: number, name: string) => number): NamedArrays {
  return Object.fromEntries(
    Object.entries(LENGTHS).map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from({ length }, (_, i) => value(i, name)) }];
    }),
  );
}

const map = (values: NamedArrays, change: (value: number) => number): NamedArrays =>
  named((i, name) => change(values[name]?.data[i] as number));

/** Ten honest clients: what the round began with, a step in one direction, and noise of each client's own. */
function honest(count = 10): Part[] {
  const random = seededRandom(3);
  const step = named(() => random() - 0.5);
  return Array.from({ length: count }, (_, i) => ({
    client: `client-${i}`,
    weight: 1 + (i % 3),
    values: named((at, name) => 0.5 + (step[name]?.data[at] as number) + 0.2 * (random() - 0.5)),
  }));
}

/** The changes of two clients are replaced. */
const poison = (parts: readonly Part[], change: (value: number) => number) =>
  parts.map((part, i) => (i < 2 ? { ...part, values: map(part.values, (value) => 0.5 + change(value - 0.5)) } : part));

const distance = (a: NamedArrays, b: NamedArrays) => Math.sqrt(squaredDistance(a, b));
const resultOf = (combine: Combine, parts: readonly Part[]) => combine.combine(parts, BEFORE).values;

/** One coordinate of all parts, sorted. */
const column = (parts: readonly Part[], name: string, i: number) =>
  parts.map(({ values }) => values[name]?.data[i] as number).sort((a, b) => a - b);

describe('slow references', () => {
  const near = (values: NamedArrays, reference: (name: string, i: number) => number) => {
    expect(Object.keys(values)).toEqual(Object.keys(LENGTHS));
    for (const [name, shape] of Object.entries(LENGTHS)) {
      expect(values[name]?.shape).toEqual(shape);
      for (const [i, value] of (values[name]?.data ?? []).entries()) {
        expect(Math.abs(value - reference(name, i))).toBeLessThan(1e-6 * (1 + Math.abs(value)));
      }
    }
  };
  const plainMean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test.each([1, 2, 3, 4, 7, 10])('of %d parts', (count) => {
    const parts = honest(count);
    near(resultOf(median(), parts), (name, i) => medianOf(column(parts, name, i)));
    const left = count < 3 ? 0 : Math.ceil(0.2 * count);
    near(resultOf(trimmedMean(), parts), (name, i) => plainMean(column(parts, name, i).slice(left, count - left)));
    near(resultOf(trimmedMean({ trim: 0 }), parts), (name, i) => plainMean(column(parts, name, i)));
    const mean = resultOf(weightedMean(), parts);
    near(resultOf(clippedMean({ clipNorm: 100 }), parts), (name, i) => mean[name]?.data[i] as number);
  });

  test('multi-Krum leaves out the parts whose neighbours are farthest', () => {
    const parts = poison(honest(7), (value) => value + 3);
    const { rejected, values } = multiKrum({ poisoned: 0.25 }).combine(parts, BEFORE);
    // n = 7, f = 2: the three nearest of each.
    const scores = parts.map((one) =>
      parts
        .map((other) => squaredDistance(one.values, other.values))
        .sort((a, b) => a - b)
        .slice(1, 4)
        .reduce((sum, squared) => sum + squared, 0),
    );
    const limit = scores.toSorted((a, b) => a - b)[4] as number;
    const far = parts.filter((_, i) => (scores[i] as number) > limit).map(({ client }) => client);
    expect(rejected).toMatchObject(far.map((client) => ({ client, why: 'outlier' })));
    expect(values).toEqual(
      resultOf(
        weightedMean(),
        parts.filter(({ client }) => !far.includes(client)),
      ),
    );
  });

  test.each([1, 2, 5, 10])('nearest-neighbour mixing of %d parts', (count) => {
    const parts = poison(honest(count), (value) => -value);
    const kept = count - Math.min(Math.ceil(0.3 * count), Math.floor((count - 1) / 2));
    const seen: (readonly Part[])[] = [];
    const spy: Combine = {
      name: 'spy',
      combine(mixed) {
        seen.push(mixed);
        return { values: BEFORE, rejected: [] };
      },
    };
    nearestNeighbourMixing(spy, { poisoned: 0.3 }).combine(parts, BEFORE);
    const [mixed = []] = seen;
    expect(mixed.map(({ client, weight }) => [client, weight])).toEqual(
      parts.map(({ client, weight }) => [client, weight]),
    );
    for (const [k, { values }] of mixed.entries()) {
      const own = (parts[k] as Part).values;
      const nearest = parts
        .toSorted((a, b) => squaredDistance(a.values, own) - squaredDistance(b.values, own))
        .slice(0, kept);
      near(values, (name, i) => plainMean(column(nearest, name, i)));
    }
  });

  test('a clipped part lies between itself and where the round began', () => {
    const random = seededRandom(1);
    for (let trial = 0; trial < 50; trial++) {
      const values = named(() => 0.5 + 10 ** (4 * random() - 2) * (random() - 0.5));
      const far = distance(values, BEFORE);
      const most = far * (0.1 + random());
      const clipped = clip(values, BEFORE, most);
      expect(distance(clipped, BEFORE)).toBeLessThanOrEqual(most * (1 + 1e-5));
      const share = Math.min(1, most / far);
      near(clipped, (name, i) => 0.5 + share * ((values[name]?.data[i] as number) - 0.5));
    }
  });
});

test('fractions and norms out of range are refused, and so are unknown options', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  expect(() => trimmedMean({ trim: 0.5 })).toThrow(refused);
  expect(() => multiKrum({ poisoned: -0.1 })).toThrow(refused);
  expect(() => multiKrum({ poisoned: Number.NaN })).toThrow(refused);
  expect(() => clippedMean({ clipNorm: 0 })).toThrow(refused);
  expect(() => trimmedMean({ trimmed: 0.1 } as object)).toThrow(refused);
  expect(() => nearestNeighbourMixing(median(), { poisoned: 0.5 })).toThrow(refused);
});

test('a private mean is not mixed: one client would reach into many parts', () => {
  const hidden = privateMean({ epsilon: 8, delta: 1e-5, rounds: 2, clients: 10 });
  expect(() => nearestNeighbourMixing(hidden)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

describe('two of ten are poisoned', () => {
  const parts = honest();
  const truth = resultOf(weightedMean(), parts.slice(2));
  const step = distance(truth, BEFORE);

  test.each([median(), trimmedMean(), multiKrum(), clippedMean()])(
    'changes scaled by −1,000: $name moves little, the mean far',
    (combine) => {
      const poisoned = poison(parts, (value) => -1000 * value);
      expect(distance(resultOf(combine, poisoned), truth)).toBeLessThan(0.6 * step);
      expect(distance(resultOf(weightedMean(), poisoned), truth)).toBeGreaterThan(100 * step);
    },
  );

  test.each([median(), trimmedMean(), multiKrum()])(
    'flipped signs: $name moves less than half as far as the mean',
    (combine) => {
      const poisoned = poison(parts, (value) => -value);
      const far = distance(resultOf(weightedMean(), poisoned), truth);
      expect(far).toBeGreaterThan(0.3 * step);
      expect(distance(resultOf(combine, poisoned), truth)).toBeLessThan(far / 2);
    },
  );

  test.each([median(), trimmedMean(), clippedMean()])(
    'changes turned round and four times as long: $name goes most of the way once neighbours are mixed',
    (combine) => {
      const poisoned = poison(parts, (value) => -4 * value);
      const plain = distance(resultOf(combine, poisoned), truth);
      const mixed = distance(resultOf(nearestNeighbourMixing(combine), poisoned), truth);
      expect(mixed).toBeLessThan(0.7 * plain);
    },
  );

  test('multi-Krum names both', () => {
    const { rejected } = multiKrum().combine(
      poison(parts, (value) => -value),
      BEFORE,
    );
    expect(rejected.map(({ client }) => client)).toEqual(['client-0', 'client-1']);
  });
});
