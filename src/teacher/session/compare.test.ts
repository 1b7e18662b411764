import { expect, test } from 'vitest';
import { differenceOf } from './compare.ts';

const outputs = (...values: number[]) => ({ y: { data: Float32Array.from(values), shape: [values.length] } });
const ramp = Array.from({ length: 10 }, (_, i) => 100 + i);
const moved = (by: number) => outputs(...ramp.map((value, i) => (i === 4 ? value + by : value)));

test('differences are shares of the range, not of the values', () => {
  expect(differenceOf(outputs(...ramp), moved(0.05))).toBeUndefined();
  expect(differenceOf(outputs(...ramp), moved(0.45))).toMatch(/"y" differs from wasm's by 5 % of its range/);
});

test('a single value is held against itself', () => {
  expect(differenceOf(outputs(0.5), outputs(0.501))).toBeUndefined();
  expect(differenceOf(outputs(0.5), outputs(0.51))).toMatch(/differs/);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d on one side only is a difference', (bad) => {
  expect(differenceOf(outputs(1, 2), outputs(1, bad))).toMatch(/no numbers/);
  expect(differenceOf(outputs(1, bad), outputs(1, 2))).toMatch(/no numbers/);
  expect(differenceOf(outputs(1, bad), outputs(1, bad))).toBeUndefined();
});

test('missing outputs and other shapes are differences', () => {
  expect(differenceOf(outputs(1), {})).toMatch(/no output "y"/);
  expect(differenceOf(outputs(1, 2), outputs(1))).toMatch(/\[1\] where wasm gives \[2\]/);
});
