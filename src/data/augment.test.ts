import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { mean, standardDeviation } from '../core/stats.ts';
import { augmentExamples } from './augment.ts';
import { type Placement, placeImage } from './augmentImage.ts';
import { type AugmentOptions, checkAugment } from './augmentOptions.ts';

interface Golden {
  readonly shape: readonly [number, number, number];
  readonly image: readonly number[];
  readonly cases: readonly {
    readonly placement: Partial<Placement>;
    readonly fill: number;
    readonly result: readonly number[];
  }[];
}

const still: Placement = { right: 0, down: 0, radians: 0, size: 1, lean: 0, mirrorsX: false, mirrorsY: false };
const random = seededRandom(5);
const images: NdArray = { data: Float32Array.from({ length: 4 * 8 * 8 }, random), shape: [4, 8, 8, 1] };
const numbers = Int32Array.of(7, 3, 11, 0);
const first = { seed: 1, epoch: 1 };

function vary(options: AugmentOptions, of: NdArray = images, at = first, indices = numbers): NdArray {
  return augmentExamples({ input: of }, indices, options, at)['input'] as NdArray;
}

describe('placeImage', () => {
  const golden = JSON.parse(readFileSync(new URL('./golden/augment.json', import.meta.url), 'utf8')) as Golden;
  const [height, width, channels] = golden.shape;

  test.each(golden.cases.map((one) => ({ ...one, name: JSON.stringify([one.placement, one.fill]) })))(
    'draws as PyTorch does: $name',
    ({ placement, fill, result }) => {
      const to = new Float32Array(golden.image.length);
      const from = Float32Array.from(golden.image);
      placeImage(from, to, { height, width, channels }, { ...still, ...placement }, fill);
      // Values up to 255 in float32: half a rounding is 8e-6. Golden values have six digits after the point.
      const furthest = to.reduce((most, value, i) => Math.max(most, Math.abs(value - (result[i] as number))), 0);
      expect(furthest).toBeLessThan(2e-5);
    },
  );
});

describe('augmentExamples', () => {
  const all: AugmentOptions = {
    shift: 2,
    rotate: 20,
    scale: 0.2,
    shear: 10,
    flip: 'both',
    brightness: 0.1,
    contrast: 0.2,
    noise: 0.1,
    cutout: 3,
  };

  test('leaves its argument unchanged', () => {
    const before = images.data.slice();
    const varied = vary(all);
    expect(images.data).toEqual(before);
    expect(varied.data).not.toEqual(before);
    expect(varied.shape).toEqual(images.shape);
  });

  test('depends on seed, epoch and example only', () => {
    expect(vary(all)).toEqual(vary(all));
    expect(vary(all, images, { seed: 2, epoch: 1 })).not.toEqual(vary(all));
    expect(vary(all, images, { seed: 1, epoch: 2 })).not.toEqual(vary(all));
    // The example alone, in another batch.
    const second = { data: images.data.slice(64, 128), shape: [1, 8, 8, 1] };
    expect(vary(all, second, first, Int32Array.of(3)).data).toEqual(vary(all).data.slice(64, 128));
    expect(vary(all, second, first, Int32Array.of(4)).data).not.toEqual(vary(all).data.slice(64, 128));
  });

  test.each([
    { shift: 2 },
    { rotate: 20 },
    { scale: 0.2 },
    { shear: 10 },
    { flip: 'horizontal' },
    { flip: 'vertical' },
    { brightness: 0.1 },
    { contrast: 0.2 },
    { noise: 0.1 },
    { cutout: 3 },
  ] as AugmentOptions[])('changes something for %o', (options) => {
    const varied = vary(options);
    expect(varied.data.every(Number.isFinite)).toBe(true);
    expect(varied.data).not.toEqual(images.data);
  });

  test('draws placements over their whole range, and not beyond it', () => {
    // One bright pixel in a black image: its place shows the shift.
    const dot = new Float32Array(15 * 15);
    dot[7 * 15 + 7] = 1;
    const count = 300;
    const data = new Float32Array(count * 225);
    for (let i = 0; i < count; i++) data.set(dot, i * 225);
    const indices = Int32Array.from({ length: count }, (_, i) => i);
    const varied = vary({ shift: 3 }, { data, shape: [count, 15, 15, 1] }, first, indices);
    const shifts = Array.from({ length: count }, (_, i) => {
      const image = varied.data.subarray(i * 225, (i + 1) * 225);
      return [...image].reduce((sum, value, at) => sum + value * (at % 15), 0) - 7;
    });
    expect(Math.max(...shifts)).toBeLessThanOrEqual(3.0001);
    expect(Math.min(...shifts)).toBeGreaterThanOrEqual(-3.0001);
    expect(Math.max(...shifts)).toBeGreaterThan(2.7);
    expect(Math.min(...shifts)).toBeLessThan(-2.7);
    // Uniform in ±3: deviation 3 / √3, which 300 draws estimate to about 5 %.
    expect(standardDeviation(shifts)).toBeCloseTo(Math.sqrt(3), 0);
  });

  test('adds normal noise with the given deviation', () => {
    const flat: NdArray = { data: new Float32Array(20000).fill(5), shape: [1, 20000] };
    const noise = Array.from(vary({ noise: 0.5 }, flat, first, Int32Array.of(0)).data, (value) => value - 5);
    expect(Math.abs(mean(noise))).toBeLessThan(0.02);
    expect(standardDeviation(noise)).toBeCloseTo(0.5, 1);
    // Normal, not uniform: 4.6 % lie beyond two deviations, and a share beyond three.
    expect(noise.filter((value) => Math.abs(value) > 1).length / noise.length).toBeCloseTo(0.0455, 2);
    expect(noise.some((value) => Math.abs(value) > 1.5)).toBe(true);
  });

  test('fills a square, whole or cut off at the edge', () => {
    const ones: NdArray = { data: new Float32Array(50 * 64).fill(1), shape: [50, 8, 8, 1] };
    const indices = Int32Array.from({ length: 50 }, (_, i) => i);
    const varied = vary({ cutout: 3, fill: -1 }, ones, first, indices);
    const filled = indices.map((i) => varied.data.subarray(i * 64, (i + 1) * 64).filter((v) => v === -1).length);
    expect(Math.max(...filled)).toBe(9);
    expect(Math.min(...filled)).toBeGreaterThan(0);
    expect(varied.data.every((value) => value === 1 || value === -1)).toBe(true);
  });

  test('keeps bytes bytes, and within their range', () => {
    const bytes: NdArray = {
      data: Uint8Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 255 : 0)),
      shape: [1, 8, 8, 1],
    };
    const varied = vary({ noise: 40 }, bytes, first, Int32Array.of(0));
    expect(varied.data).toBeInstanceOf(Uint8Array);
    expect(varied.data.some((value) => value === 255)).toBe(true);
    expect(varied.data.some((value) => value > 128 && value < 255)).toBe(true);
    expect(vary({ shift: 1e-9 }, bytes, first, Int32Array.of(0)).data).toEqual(bytes.data);
  });

  test('cuts to a range', () => {
    const { data } = vary({ noise: 3, range: [0, 1] });
    expect(Math.min(...data)).toBe(0);
    expect(Math.max(...data)).toBe(1);
  });

  test('leaves integers and unnamed inputs alone, and moves images of one example together', () => {
    const ids: NdArray = { data: Int32Array.of(1, 2, 3, 4), shape: [4, 1] };
    const varied = augmentExamples({ a: images, b: images, ids }, numbers, { shift: 2 }, first);
    expect(varied['ids']).toBe(ids);
    expect(varied['a']).toEqual(varied['b']);
    const named = augmentExamples({ a: images, b: images }, numbers, { shift: 2, inputs: ['a'] }, first);
    expect(named['b']).toBe(images);
    const noisy = augmentExamples({ a: images, b: images }, numbers, { noise: 1 }, first);
    expect(noisy['a']).not.toEqual(noisy['b']);
  });
});

describe('checkAugment', () => {
  const image = { input: { shape: [8, 8, 1], dtype: 'float32' } } as const;
  const vector = { input: { shape: [8], dtype: 'float32' } } as const;
  const ids = { input: { shape: [8, 8, 1], dtype: 'int32' } } as const;

  test.each([
    ['nothing', {}],
    ['changes of 0', { shift: 0, noise: 0 }],
    ['a misspelt option', { shifts: 2 }],
    ['a negative shift', { shift: -1 }],
    ['a turn beyond 180°', { rotate: 181 }],
    ['a scale of 1', { scale: 1 }],
    ['a contrast above 1', { contrast: 2 }],
    ['a shear of 90°', { shear: 90 }],
    ['half a pixel of cutout', { cutout: 1.5 }],
    ['noise that is not a number', { noise: Number.NaN }],
    ['an unknown flip', { flip: 'sideways' }],
    ['a fill that is not a number', { noise: 1, fill: Number.NaN }],
    ['a range the wrong way round', { noise: 1, range: [1, 0] }],
    ['an unknown input', { noise: 1, inputs: ['pixels'] }],
  ])('refuses %s', (_, options) => {
    expect(() => checkAugment(options as AugmentOptions, image)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });

  test.each([
    ['images of a vector', { shift: 2 }, vector],
    ['whole numbers', { noise: 1 }, ids],
  ] as const)('refuses to vary %s', (_, options, inputs) => {
    expect(() => checkAugment(options, inputs)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('accepts noise for any shape, and changes of images', () => {
    expect(() => checkAugment({ noise: 1 }, vector)).not.toThrow();
    expect(() => checkAugment({ shift: 1, cutout: 2 }, image)).not.toThrow();
  });
});
