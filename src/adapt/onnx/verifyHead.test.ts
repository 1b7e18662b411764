import { expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { compareLogits } from './verifyHead.ts';

const logits = (...data: number[]): NdArray => ({ data: Float32Array.from(data), shape: [2, data.length / 2] });
const expected = logits(1, -20, 3, 4);

test('what differs by rounding alone is told as a fraction of the largest logit', () => {
  expect(compareLogits({ logits: expected }, 'logits', expected, 'wasm')).toBe(0);
  const near = logits(1.001, -20, 3, 4);
  expect(compareLogits({ logits: near }, 'logits', expected, 'wasm')).toBeCloseTo(5e-5, 6);
});

test.each<[string, NdArray | undefined]>([
  ['another number', logits(1, -20, 3.01, 4)],
  ['another shape', { ...expected, shape: [4, 1] }],
  ['no such output', undefined],
  ['no number at all', logits(1, Number.NaN, 3, 4)],
])('a file that gives %s is refused', (_, given) => {
  expect(() => compareLogits(given ? { logits: given } : {}, 'logits', expected, 'wasm')).toThrow(
    expect.objectContaining({ code: 'internal' }),
  );
});

test('a GPU may round more', () => {
  const given = { logits: logits(1, -20, 3.01, 4) };
  expect(compareLogits(given, 'logits', expected, 'webgpu')).toBeCloseTo(5e-4, 5);
});
