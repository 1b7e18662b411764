import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  amount,
  bytes,
  count,
  countOf,
  duration,
  figures,
  percent,
  span,
  timeLeft,
  times,
  UNKNOWN,
} from './figures.ts';

test.each([
  [0, '0'],
  [0.0007, '0.0007'],
  [0.07, '0.07'],
  [0.7, '0.7'],
  [2.499, '2.5'],
  [-0.5, '-0.5'],
  [100.4, '100'],
  [999.6, '1,000'],
  [12_345, '12,300'],
  [1e9, '1,000,000,000'],
  [0.00001234, '1.23 × 10⁻⁵'],
  [-1.5e-7, '-1.5 × 10⁻⁷'],
  [1e21, '1 × 10²¹'],
  [Number.POSITIVE_INFINITY, '∞'],
])('%d is written %s', (value, text) => expect(figures(value)).toBe(text));

test.each([
  [0, '0 %'],
  [0.007, '0.7 %'],
  [0.0007, '0.07 %'],
  [0.92, '92 %'],
  [0.9266, '92.7 %'],
  [0.9997, '99.97 %'],
  [1, '100 %'],
  [1.5, '150 %'],
])('a share of %d is %s', (value, text) => expect(percent(value)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [57_300, '57.3 kB'],
  [999_600, '1 MB'],
  [10_857_958, '10.9 MB'],
  [1e9, '1 GB'],
  [3e15, '3,000 TB'],
])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [0.046, '0.046 ms'],
  [4.6, '4.6 ms'],
  [999.6, '1 s'],
  [51_000, '51 s'],
  [59_960, '1 min 0 s'],
  [80_000, '1 min 20 s'],
  [3_599_600, '1 h 0 min'],
  [7_500_000, '2 h 5 min'],
])('%d ms are %s', (value, text) => expect(duration(value)).toBe(text));

test('counts, amounts and ratios', () => {
  expect([count(9999), count(1e9), count(0.4)]).toEqual(['9,999', '1,000,000,000', '0']);
  expect([countOf(1, 'digit'), countOf(0, 'digit'), countOf(2000, 'batch', 'batches')]).toEqual([
    '1 digit',
    '0 digits',
    '2,000 batches',
  ]);
  expect([amount(640), amount(57_300), amount(101e6)]).toEqual(['640', '57.3 k', '101 M']);
  expect([times(1.254), times(9.96), times(100), times(4800.3), times(0.0123)]).toEqual([
    '1.25',
    '9.96',
    '100',
    '4,800',
    '0.0123',
  ]);
  expect([timeLeft(300), timeLeft(8_400), timeLeft(80_000)]).toEqual([
    'less than 1 s left',
    'about 8 s left',
    'about 1 min 20 s left',
  ]);
});

test('what is not known is a dash', () => {
  for (const format of [figures, count, percent, bytes, amount, duration, times]) {
    for (const value of [Number.NaN, null, undefined]) expect(format(value)).toBe(UNKNOWN);
  }
  expect(timeLeft(Number.NaN)).toBe('');
});

test('from 0.0007 to a thousand million, nothing reads 1.0e+2 or 0.700, and the value is told to half a per cent', () => {
  fc.assert(
    fc.property(fc.double({ min: Math.log(0.0007), max: Math.log(1e9), noNaN: true }), (logarithm) => {
      const value = Math.exp(logarithm);
      for (const text of [figures(value), percent(value), bytes(value), duration(value), times(value), amount(value)]) {
        expect(text).not.toMatch(/e[+-]?\d|NaN|\.\d*0(?!\d)|(^|[^.\d])\d{4}/);
      }
      const told = Number(figures(value).replaceAll(',', ''));
      expect(Math.abs(told / value - 1)).toBeLessThan(0.00501);
    }),
  );
});

test('what is not all never reads 100 %, whatever is missing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), (missing) => {
      const text = percent(1 - missing / 1e10);
      expect(text).not.toBe('100 %');
      expect(Number.parseFloat(text)).toBeLessThan(100);
    }),
  );
});

test('a span says both ends, or that they are not known', () => {
  expect(span([1, 2], duration)).toBe('1 ms to 2 ms');
  expect(span([Number.NaN, 2], duration)).toBe('–');
});
