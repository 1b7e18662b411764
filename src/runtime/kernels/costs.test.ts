import { expect, test } from 'vitest';
import { costOf } from './costs.ts';

test('a call’s cost is its work in the kernel’s own units: a value that is packed costs as much as many multiply-adds', () => {
  expect(costOf('gemm', 2e6)).toBe(2 * costOf('gemm', 1e6));
  expect(costOf('recurrentPack', 1e5)).toBeGreaterThan(costOf('gemm', 1e6));
  expect(costOf('meanLoss', 0)).toBe(0);
  expect(costOf('lionStep', 1000)).toBeGreaterThan(0);
});
