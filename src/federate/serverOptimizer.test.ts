import { expect, test } from 'vitest';
import { floats } from './cases/federateCases.ts';
import { weightedMean } from './combine.ts';
import { serverMemory, serverStep } from './serverOptimizer.ts';
import { fedAdam } from './strategies/fedAdam.ts';
import { fedYogi } from './strategies/fedYogi.ts';

const numbers = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 1e-3 };
const before = { w: floats([2], 1, -2), ...serverMemory({ w: [2] }, numbers) };
const gathered = (values: ReturnType<typeof floats>) => ({
  parts: [{ client: 'a', weight: 1, values: { w: values } }],
  before,
  combine: weightedMean(),
});

test('a step of adam on the mean change, as the paper writes it', () => {
  // Changes 0.5 and 0: m = 0.05, v = 0.99 · 1e-6 + 0.01 · 0.25.
  const adam = (v: number, square: number, beta2: number) => beta2 * v + (1 - beta2) * square;
  const { values } = serverStep(gathered(floats([2], 1.5, -2)), numbers, adam);
  const v = 0.99e-6 + 0.01 * 0.25;
  expect(values['mean:w']?.data[0]).toBeCloseTo(0.05, 7);
  expect(values['square:w']?.data[0]).toBeCloseTo(v, 9);
  expect(values['w']?.data[0]).toBeCloseTo(1 + (0.1 * 0.05) / (Math.sqrt(v) + 1e-3), 6);
  expect(values['w']?.data[1]).toBe(-2);
  expect(Object.keys(values).sort()).toEqual(['mean:w', 'square:w', 'w']);
});

test('yogi’s second moment moves by at most (1 − β₂) · Δ², in either direction', () => {
  const yogi = (v: number, square: number, beta2: number) => v - (1 - beta2) * square * Math.sign(v - square);
  const { values } = serverStep(gathered(floats([2], 1.5, -2)), numbers, yogi);
  expect(values['square:w']?.data[0]).toBeCloseTo(1e-6 + 0.01 * 0.25, 9);
  expect(values['square:w']?.data[1]).toBeCloseTo(1e-6, 12);
});

test('statistics of batch normalization are averaged, and have no moments', () => {
  const shapes = { 'bn/moving_variance': [1], 'bn/gamma': [1] };
  const memory = serverMemory(shapes, numbers);
  expect(Object.keys(memory)).toEqual(['mean:bn/gamma', 'square:bn/gamma']);
  const parts = [1, 3].map((value, i) => ({
    ...{ client: `c${i}`, weight: 1 },
    values: { 'bn/moving_variance': floats([1], value), 'bn/gamma': floats([1], 1) },
  }));
  const start = { 'bn/moving_variance': floats([1], 9), 'bn/gamma': floats([1], 1), ...memory };
  const { values } = serverStep({ parts, before: start, combine: weightedMean() }, numbers, (v) => v);
  expect(values['bn/moving_variance']?.data[0]).toBe(2);
});

test('fedAdam and fedYogi tell their numbers and refuse others', () => {
  expect(fedAdam({ beta1: 0.5 }).options).toEqual({ learningRate: 0.03, beta1: 0.5, beta2: 0.99, tau: 0.001 });
  expect(() => fedYogi({ tau: 0 })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
