import { expect, test } from 'vitest';
import { privacySpent } from '../../adapt/privacy/accountant.ts';
import { seededRandom } from '../../core/random.ts';
import type { Part } from '../combine.ts';
import { privateMean } from './privateMean.ts';

const LENGTH = 4000;
const arrays = (value: (i: number) => number) => ({
  w: { data: Float32Array.from({ length: LENGTH }, (_, i) => value(i)), shape: [LENGTH] },
});
const before = arrays((i) => Math.sin(i));
const noiseSeed = [1, 2, 3, 4, 5, 6, 7, 8];
const options = { epsilon: 8, delta: 1e-5, rounds: 20, clients: 10, clipNorm: 0.5, noiseSeed };

/** Clients whose changes are of a length, in units of the clip norm. */
function parts(count: number, lengths: number): Part[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, (_, client) => {
    const change = Float32Array.from({ length: LENGTH }, () => random() - 0.5);
    const norm = Math.sqrt(change.reduce((sum, value) => sum + value ** 2, 0));
    return {
      client: `client-${client}`,
      weight: 1 + client,
      values: arrays((i) => Math.sin(i) + ((change[i] as number) * lengths * 0.5) / norm),
    };
  });
}

const spread = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0) / values.length);
const changeOf = (values: ReturnType<typeof arrays>) =>
  Array.from(values.w.data, (value, i) => value - (before.w.data[i] as number));

test('the noise is as strong as the accountant says, on the whole round and not on each client', () => {
  const combine = privateMean(options);
  expect(combine.spent(20)).toBeLessThanOrEqual(8);
  expect(combine.spent(20)).toBeGreaterThan(7.99);
  expect(combine.spent(5)).toBe(
    privacySpent({ sampleFraction: 1, delta: 1e-5, steps: 5, noiseMultiplier: combine.noiseMultiplier }).epsilon,
  );
  const { values } = combine.combine(parts(10, 0), before);
  const deviation = (combine.noiseMultiplier * 0.5) / 10;
  expect(spread(changeOf(values as typeof before)) / deviation).toBeCloseTo(1, 1);
});

test('no client moves the result by more than the clip norm over the number of clients, whatever it sends or claims', () => {
  const without = privateMean(options).combine(parts(9, 1), before).values as typeof before;
  for (const lengths of [0.5, 1, 1e6]) {
    const all = [...parts(9, 1), { ...(parts(10, lengths)[9] as Part), weight: 1e9 }];
    const moved = privateMean(options).combine(all, before).values as typeof before;
    const distance = Math.sqrt(LENGTH) * spread(moved.w.data.map((value, i) => value - (without.w.data[i] as number)));
    expect(distance).toBeLessThanOrEqual((0.5 / 10) * 1.0001);
    expect(distance).toBeCloseTo((Math.min(1, lengths) * 0.5) / 10, 4);
  }
});

test('each round has noise of its own, and after the last one nothing is revealed', () => {
  const combine = privateMean({ ...options, rounds: 2 });
  const first = combine.combine(parts(10, 1), before);
  expect(combine.combine(parts(10, 1), before)).not.toEqual(first);
  expect(() => combine.combine(parts(10, 1), before)).toThrow(expect.objectContaining({ code: 'privacy-spent' }));
  const [one, other] = [0, 0].map(() => privateMean({ ...options, noiseSeed: undefined }).combine(parts(2, 1), before));
  expect(one).not.toEqual(other);
});

test('options out of range are refused', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  for (const bad of [
    { epsilon: 0 },
    { delta: 0 },
    { delta: 1 },
    { rounds: 0 },
    { clients: 0 },
    { clipNorm: 0 },
    { noiseSeed: [1] },
  ]) {
    expect(() => privateMean({ ...options, ...bad })).toThrow(refused);
  }
});
