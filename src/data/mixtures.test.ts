import { describe, expect, test } from 'vitest';
import { mean, standardDeviation } from '../core/stats.ts';
import { fromArrays } from './arrays.ts';
import { cutMixed } from './cutMixed.ts';
import { mixedUp } from './mixedUp.ts';
import { randomMixtures } from './mixtures.ts';

describe('randomMixtures', () => {
  test.each([0.2, 1, 4])('draws shares from Beta(%s, the same), and two examples that differ', (alpha) => {
    const drawn = randomMixtures(7, { count: 20_000, alpha, seed: 3 });
    const shares = drawn.map(({ share }) => share);
    // Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2 a + 1)).
    expect(mean(shares)).toBeCloseTo(0.5, 1);
    expect(standardDeviation(shares)).toBeCloseTo(Math.sqrt(1 / (4 * (2 * alpha + 1))), 2);
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(drawn.every(({ first, second }) => first !== second)).toBe(true);
    for (const part of ['first', 'second'] as const) expect(new Set(drawn.map((one) => one[part])).size).toBe(7);
  });

  test('are the same for the same seed, and may be of one example', () => {
    const draw = (seed: number) => randomMixtures(5, { count: 3, seed });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
    expect(randomMixtures(1, { count: 1 })).toMatchObject([{ first: 0, second: 0 }]);
    expect(() => randomMixtures(5, { count: 0 })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(() => randomMixtures(5, { count: 1, alpha: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });

  test('suit mixedUp', async () => {
    const data = fromArrays({ data: Float32Array.of(0, 10), shape: [2, 1] });
    const mixtures = randomMixtures(2, { count: 4, alpha: 1 });
    const { inputs } = await mixedUp(data, mixtures).read(Int32Array.of(0, 1, 2, 3));
    for (const [i, { first, share }] of mixtures.entries()) {
      expect(inputs['input']?.data[i]).toBeCloseTo(10 * (first === 1 ? share : 1 - share), 5);
    }
  });
});

describe('cutMixed', () => {
  const [height, width] = [40, 50];
  const images = Uint8Array.from({ length: 2 * height * width }, (_, i) => (i < height * width ? 10 : 200));
  const data = fromArrays({ data: images, shape: [2, height, width, 1] });

  test('puts a rectangle of the second into the first, of its share where it is whole', async () => {
    const share = 0.84;
    const mixtures = Array.from({ length: 60 }, () => ({ first: 0, second: 1, share }));
    const cut = cutMixed(data, mixtures, 5);
    expect([cut.size, cut.hasLabels, cut.inputs]).toEqual([60, false, data.inputs]);
    const { inputs } = await cut.read(Int32Array.from(mixtures.keys()));
    const places = new Set<string>();
    let whole = 0;
    for (let i = 0; i < mixtures.length; i++) {
      const at = Array.from(inputs['input']?.data.subarray(i * height * width, (i + 1) * height * width) ?? []);
      const inside = at.flatMap((value, pixel) => (value === 200 ? [pixel] : []));
      const rows = inside.map((pixel) => Math.floor(pixel / width));
      const columns = inside.map((pixel) => pixel % width);
      const [tall, wide] = [rows, columns].map((all) => Math.max(...all) - Math.min(...all) + 1) as [number, number];
      expect(inside.length).toBe(tall * wide);
      expect(at.every((value) => value === 10 || value === 200)).toBe(true);
      places.add(`${inside[0]}`);
      // Sides are as long as the root of the share, rounded at both ends.
      expect(tall).toBeLessThanOrEqual(0.4 * height + 1);
      expect(wide).toBeLessThanOrEqual(0.4 * width + 1);
      if (Math.abs(tall - 0.4 * height) <= 1 && Math.abs(wide - 0.4 * width) <= 1) whole++;
    }
    expect(places.size).toBeGreaterThan(40);
    // The others reach over an edge.
    expect(whole).toBeGreaterThan(15);
    expect(whole).toBeLessThan(60);
  });

  test('is the same at every read, and another for another seed', async () => {
    const mixtures = randomMixtures(2, { count: 6, alpha: 1 });
    const read = async (seed: number, indices: Int32Array) =>
      (await cutMixed(data, mixtures, seed).read(indices)).inputs;
    const all = await read(1, Int32Array.of(0, 1, 2, 3, 4, 5));
    expect(await read(1, Int32Array.of(0, 1, 2, 3, 4, 5))).toEqual(all);
    expect(await read(2, Int32Array.of(0, 1, 2, 3, 4, 5))).not.toEqual(all);
    const one = await read(1, Int32Array.of(3));
    expect(one['input']?.data).toEqual(all['input']?.data.subarray(3 * height * width, 4 * height * width));
  });

  test('refuses what is no image', () => {
    const rows = fromArrays({ data: new Float32Array(4), shape: [2, 2] });
    expect(() => cutMixed(rows, [])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});
