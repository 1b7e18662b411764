import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { digitFiles, splitDigits } from './digitSplits.mjs';

const PIXELS = 784;
type Split = Awaited<ReturnType<typeof splitDigits>>['test'];
let splits: Awaited<ReturnType<typeof splitDigits>>;
const keysOf = (split: Split) => split.map(({ pixels }) => Buffer.from(pixels).toString('base64'));

beforeAll(async () => {
  splits = await splitDigits();
});

test('no digit is in two splits', () => {
  const { training, development, test: scored } = splits;
  expect([training.length, development.length, scored.length]).toEqual([7000, 1000, 2000]);
  const all = [training, development, scored].flatMap(keysOf);
  expect(new Set(all).size).toBe(10_000);
});

test('each split has all ten digits in about the same shares', () => {
  for (const split of Object.values(splits)) {
    const shares = Array.from({ length: 10 }, (_, d) => split.filter(({ label }) => label === d).length / split.length);
    expect(Math.min(...shares)).toBeGreaterThan(0.07);
    expect(Math.max(...shares)).toBeLessThan(0.14);
  }
});

describe('what a page is served', () => {
  const digitsIn = (file: Buffer) =>
    Array.from({ length: file.length / PIXELS }, (_, i) =>
      file.subarray(i * PIXELS, (i + 1) * PIXELS).toString('base64'),
    );

  test('to choose, holds no test digit', async () => {
    const files = await digitFiles('choose');
    const served = new Set([...digitsIn(files['train.bin']), ...digitsIn(files['holdout.bin'])]);
    expect(served.size).toBe(8000);
    expect(keysOf(splits.test).filter((digit) => served.has(digit))).toEqual([]);
    expect(digitsIn(files['holdout.bin'])).toEqual(keysOf(splits.development));
  });

  test('to score, is the 8,000 and the 2,000 of every table, with a label for each', async () => {
    const files = await digitFiles('score');
    const digest = (file: Buffer) => createHash('sha256').update(file).digest('hex').slice(0, 16);
    expect(digest(files['train.bin'])).toBe('4e47d9bb508d5476');
    expect(digest(files['holdout.bin'])).toBe('6d58a9513a026726');
    expect([...files['holdout-labels.bin']]).toEqual(splits.test.map(({ label }) => label));
    expect(files['train-labels.bin'].length).toBe(8000);
  });
});
