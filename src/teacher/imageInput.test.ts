import { describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import golden from './golden/resize.json' with { type: 'json' };
import { checkImageInput, type ImageInput, toImageInput } from './imageInput.ts';

const floats = (values: readonly number[], ...shape: number[]): NdArray => ({ data: Float32Array.from(values), shape });

function expectClose({ data }: NdArray, expected: readonly number[]): void {
  expect(data).toHaveLength(expected.length);
  // Weights and values below 1 are rounded to float32 once each, and four products are added.
  for (const [i, value] of expected.entries()) expect(Math.abs((data[i] ?? Number.NaN) - value)).toBeLessThan(1e-6);
}

describe('resizing', () => {
  test.each(golden.cases)('from $from to $to is PyTorch’s', ({ from, to, image, resized }) => {
    const [height = 0, width = 0, channels = 0] = from;
    const [toHeight = 0, toWidth = 0] = to;
    const given = floats(
      image.map((k) => k / 64),
      1,
      height,
      width,
      channels,
    );
    const result = toImageInput(given, {
      size: [toHeight, toWidth],
      channels: channels as 1 | 3,
      layout: 'nhwc',
    });
    expect(result.shape).toEqual([1, toHeight, toWidth, channels]);
    expectClose(result, resized);
  });

  test('treats each image of a batch by itself', () => {
    const one = toImageInput(floats([0, 1, 2, 3], 1, 2, 2, 1), { size: [3, 3], channels: 1 });
    const two = toImageInput(floats([9, 9, 9, 9, 0, 1, 2, 3], 2, 2, 2, 1), { size: [3, 3], channels: 1 });
    expect(two.shape).toEqual([2, 1, 3, 3]);
    expectClose(two, [...new Array(9).fill(9), ...one.data]);
  });
});

describe('channels and layout', () => {
  // Two pixels beside each other: (1, 2, 3) and (4, 5, 6).
  const coloured = floats([1, 2, 3, 4, 5, 6], 1, 1, 2, 3);
  const grey = floats([1, 4], 1, 1, 2, 1);

  test.each([
    { name: 'colour, channels first', image: coloured, options: {}, shape: [1, 3, 1, 2], values: [1, 4, 2, 5, 3, 6] },
    {
      name: 'colour, channels last',
      image: coloured,
      options: { layout: 'nhwc' },
      shape: [1, 1, 2, 3],
      values: [1, 2, 3, 4, 5, 6],
    },
    { name: 'grey to three', image: grey, options: {}, shape: [1, 3, 1, 2], values: [1, 4, 1, 4, 1, 4] },
    {
      name: 'grey to three, channels last',
      image: grey,
      options: { layout: 'nhwc' },
      shape: [1, 1, 2, 3],
      values: [1, 1, 1, 4, 4, 4],
    },
    { name: 'colour to one', image: coloured, options: { channels: 1 }, shape: [1, 1, 1, 2], values: [2, 5] },
    { name: 'grey to one', image: grey, options: { channels: 1 }, shape: [1, 1, 1, 2], values: [1, 4] },
  ] as const)('$name', ({ image, options, shape, values }) => {
    const result = toImageInput(image, options);
    expect(result.shape).toEqual(shape);
    expectClose(result, values);
  });
});

describe('values', () => {
  const bytes: NdArray = { data: Uint8Array.of(0, 51, 255), shape: [1, 1, 3, 1] };

  test.each([
    { name: 'bytes become 0…1', options: {}, values: [0, 0.2, 1] },
    { name: 'inverted, dark is bright', options: { inverted: 'yes' }, values: [1, 0.8, 0] },
    { name: 'mean and deviation', options: { mean: 0.5, stdDev: 0.25 }, values: [-2, -1.2, 2] },
    {
      name: 'inverted first, then normalised',
      options: { inverted: 'yes', mean: 0.5, stdDev: 0.5 },
      values: [1, 0.6, -1],
    },
  ] as const)('$name', ({ options, values }) => {
    expectClose(toImageInput(bytes, { channels: 1, ...options }), values);
    const same = floats([0, 0.2, 1], 1, 1, 3, 1);
    expectClose(toImageInput(same, { channels: 1, ...options }), values);
  });

  test('leaves the image that it is given alone', () => {
    toImageInput(bytes, { size: [5, 5], inverted: 'yes' });
    expect([...bytes.data]).toEqual([0, 51, 255]);
  });
});

describe('what it refuses', () => {
  test.each([[[4, 4]], [[1, 4, 4]], [[1, 4, 4, 2]], [[1, 3, 4, 4]], [[1, 1, 4, 4, 3]]])('data of %j', (shape) => {
    const data = { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
    expect(() => toImageInput(data, {})).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test.each([
    { options: { sise: [4, 4] }, sentence: 'input has no option "sise"' },
    { options: { size: [4, 0] }, sentence: '"size" was 0' },
    { options: { size: [4.5, 4] }, sentence: '"size" was 4.5' },
    { options: { size: [4] }, sentence: '"size" was 4; it must be [height, width]' },
    { options: { size: 48 }, sentence: '"size" was 48; it must be [height, width]' },
    { options: { stdDev: 0 }, sentence: '"stdDev" was 0' },
    { options: { mean: Number.NaN }, sentence: '"mean" was NaN; it must be a finite number' },
    { options: { channels: 4 }, sentence: '"channels" was 4; it must be one of 1, 3' },
    { options: { layout: 'NCHW' }, sentence: '"layout" was NCHW; it must be one of nchw, nhwc' },
    { options: { inverted: true }, sentence: '"inverted" was true; it must be one of no, yes' },
  ])('the options $options', ({ options, sentence }) => {
    expect(() => checkImageInput(options as unknown as ImageInput)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(sentence) }),
    );
  });

  test('nothing else', () => {
    checkImageInput({});
    checkImageInput({ size: [48, 320], channels: 1, layout: 'nhwc', inverted: 'yes', mean: 0, stdDev: 0.5 });
  });
});
