import { expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { compareLogits } from './compareFile.ts';

const logits = (...data: number[]): NdArray => ({ data: Float32Array.from(data), shape: [2, data.length / 2] });
const expected = logits(1, -20, 3, 4);
const words = { from: 'its parts', advice: 'Report it.' };

test('what differs by rounding alone is told as a fraction of the largest logit', () => {
  expect(compareLogits({ logits: expected }, 'logits', expected, 'wasm', words)).toBe(0);
  const near = logits(1.001, -20, 3, 4);
  expect(compareLogits({ logits: near }, 'logits', expected, 'wasm', words)).toBeCloseTo(5e-5, 6);
});

test.each<[string, NdArray | undefined]>([
  ['another number', logits(1, -20, 3.01, 4)],
  ['another shape', { ...expected, shape: [4, 1] }],
  ['no such output', undefined],
  ['no number at all', logits(1, Number.NaN, 3, 4)],
])('a file that gives %s is refused', (_, given) => {
  expect(() => compareLogits(given ? { logits: given } : {}, 'logits', expected, 'wasm', words)).toThrow(
    expect.objectContaining({ code: 'internal' }),
  );
});

test('a GPU may round more', () => {
  const given = { logits: logits(1, -20, 3.01, 4) };
  expect(compareLogits(given, 'logits', expected, 'webgpu', words)).toBeCloseTo(5e-4, 5);
});
