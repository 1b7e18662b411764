import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { addWords, fromFixedPoint, stepsPerUnit, toFixedPoint, weightedMeanOf, weightedWords } from './fixedPoint.ts';

test('a sum of words is the sum of the rounded numbers, at the edges of the range too', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
      fc.nat(),
      (clients, range, seed) => {
        const point = { clients, range };
        const steps = stepsPerUnit(point);
        const random = seededRandom(seed);
        const sum = new Uint32Array(3);
        const [plain, wanted] = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        for (let client = 0; client < clients; client++) {
          const values = [range, -range, range * (2 * random() - 1)];
          addWords(sum, toFixedPoint(values, point));
          for (const [i, value] of values.entries()) {
            plain[i] = (plain[i] as number) + Math.round(value * steps);
            wanted[i] = (wanted[i] as number) + value;
          }
        }
        const back = fromFixedPoint(sum, point);
        for (const [i, value] of back.entries()) {
          expect(value * steps).toBe((plain[i] as number) + 0);
          expect(Math.abs(value - (wanted[i] as number))).toBeLessThanOrEqual(clients / steps);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('steps are a power of two, and as many as there is room for', () => {
  for (const point of [
    { clients: 1, range: 1 },
    { clients: 10, range: 8 },
    { clients: 1000, range: 0.01 },
  ]) {
    const steps = stepsPerUnit(point);
    expect(Number.isInteger(Math.log2(steps))).toBe(true);
    expect(point.clients * (point.range * steps + 0.5)).toBeLessThan(2 ** 31);
    expect(point.clients * (point.range * 4 * steps + 0.5)).toBeGreaterThan(2 ** 31);
  }
});

test('weights come along: the mean of the sum is the weighted mean', () => {
  const point = { clients: 20, range: 4 };
  const random = seededRandom(8);
  const length = 100;
  const sum = new Uint32Array(length + 1);
  const [weighted, weights] = [new Float64Array(length), [] as number[]];
  for (let client = 0; client < 20; client++) {
    const values = Float32Array.from({ length }, () => 2 * random() - 1);
    const weight = 1 + Math.floor(500 * random());
    addWords(sum, weightedWords({ ...point, values, weight, mostWeight: 501 }));
    for (let i = 0; i < length; i++) weighted[i] = (weighted[i] as number) + weight * (values[i] as number);
    weights.push(weight);
  }
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = weightedMeanOf(sum, point);
  for (const [i, value] of mean.entries()) expect(value).toBeCloseTo((weighted[i] as number) / total, 6);
});

test('what does not fit is refused, not clipped', () => {
  const point = { clients: 10, range: 2 };
  const refused = expect.objectContaining({ code: 'invalid-option' });
  expect(() => toFixedPoint([0, 2.1], point)).toThrow(refused);
  expect(() => toFixedPoint([Number.NaN], point)).toThrow(expect.objectContaining({ code: 'not-finite' }));
  for (const bad of [
    { clients: 0, range: 1 },
    { clients: 1.5, range: 1 },
    { clients: 2 ** 25, range: 1 },
    { clients: 3, range: 0 },
  ]) {
    expect(() => toFixedPoint([0], bad)).toThrow(refused);
  }
  for (const weight of [0, 11, Number.NaN]) {
    expect(() => weightedWords({ ...point, values: new Float32Array(1), weight, mostWeight: 10 })).toThrow(refused);
  }
});
