import { expect, test } from 'vitest';
import { fromHalves, fromSmallFloat, nearestHalf, toHalves } from './halves.ts';
import { seededRandom } from './random.ts';

test('every bit pattern that is a number survives there and back', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalves(fromHalves(bits));
  expect(bits.filter((half, i) => half !== back[i] && (half & 0x7fff) <= 0x7c00)).toEqual(new Uint16Array(0));
  expect(back.filter((_, i) => (i & 0x7fff) > 0x7c00).every((half) => (half & 0x7fff) === 0x7e00)).toBe(true);
});

// Values by the tables of IEEE 754: largest, smallest normal, smallest of all, and both ways of a tie.
test.each([
  [65504, 0x7bff],
  [65519.996, 0x7bff],
  [65520, 0x7c00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -25, 0x0001],
  [-0, 0x8000],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [Number.NEGATIVE_INFINITY, 0xfc00],
])('%d is 0x%s', (value, bits) => {
  expect(toHalves(Float32Array.of(value))[0]).toBe(bits);
});

// From the tables of the OCP 8-bit floating point specification: E5M2 follows IEEE.
test.each([
  [0x7b, 57344],
  [0x04, 2 ** -14],
  [0x01, 2 ** -16],
  [0x7c, Number.POSITIVE_INFINITY],
  [0xbc, -1],
])('0x%s of five exponent bits and two of fraction is %d', (bits, value) => {
  expect(fromSmallFloat(bits, 5, 2)).toBe(value);
});

test('the nearest half of a number is one, and none is nearer', () => {
  const random = seededRandom(1);
  const values = Float32Array.from({ length: 20_000 }, () => (random() - 0.5) * 2 ** (44 * random() - 27));
  for (const value of [...values, 0, 65504, 65519.9, 2 ** -14, 2 ** -24, 2 ** -25, 2 ** -26, -(2 ** -14) * 0.9999]) {
    const near = nearestHalf(value);
    const [rounded] = fromHalves(toHalves([value]));
    expect(fromHalves(toHalves([near]))[0]).toBe(near);
    expect(Math.abs(near - value)).toBe(Math.abs((rounded as number) - value));
  }
  expect(nearestHalf(65520)).toBe(Number.POSITIVE_INFINITY);
  expect(nearestHalf(-1e6)).toBe(Number.NEGATIVE_INFINITY);
  expect(nearestHalf(Number.NaN)).toBeNaN();
});
