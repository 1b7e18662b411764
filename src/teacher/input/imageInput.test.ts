import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import images from '../golden/images.json' with { type: 'json' };
import golden from '../golden/resize.json' with { type: 'json' };
import { toImageInput } from './imageInput.ts';
import { type ImageInput, readImageInput } from './imageOptions.ts';

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

describe('filters', () => {
  test.each(images.resizes)('$filter from $from to $to, antialias: $antialias', (one) => {
    const { from, to, filter, antialias, image, resized } = one;
    const [height = 0, width = 0] = from;
    const given: NdArray = { data: Uint8Array.from(image), shape: [1, height, width, 3] };
    const result = toImageInput(given, {
      size: to as unknown as [number, number],
      layout: 'nhwc',
      filter: filter as 'bilinear' | 'bicubic',
      antialias: antialias as 'no' | 'yes',
    });
    expect(result.shape).toEqual([1, ...to, 3]);
    // The golden file keeps five digits.
    for (const [i, value] of resized.entries()) {
      expect(Math.abs((result.data[i] as number) - value)).toBeLessThan(1e-5);
    }
  });

  test('a bicubic overshoot is cut off at black and white, of bytes and of floats', () => {
    const edge = [0, 0, 0, 255, 255, 255];
    for (const given of [
      { data: Uint8Array.from(edge), shape: [1, 1, 6, 1] },
      floats(
        edge.map((k) => k / 255),
        1,
        1,
        6,
        1,
      ),
    ]) {
      const { data } = toImageInput(given, { size: [1, 24], channels: 1, filter: 'bicubic' });
      expect([Math.min(...data), Math.max(...data)]).toEqual([0, 1]);
    }
  });
});

describe('fits', () => {
  const bright = (height: number, width: number) => floats(new Array(height * width).fill(1), 1, height, width, 1);
  /** One character a pixel, one word a row. */
  const draw = (fit: 'contain' | 'cover' | 'height', image: NdArray, size: [number, number], fill?: number) => {
    const { data, shape } = toImageInput(image, { size, fit, fill, channels: 1 });
    const rows = Array.from({ length: shape[2] as number }, (_, y) => data.subarray(y * size[1], (y + 1) * size[1]));
    return rows.map((row) => Array.from(row, (value) => Number(value.toFixed(2))).join('')).join(' ');
  };

  test.each([
    ['contain, wide', 'contain', bright(1, 2), [4, 4], '0000 1111 1111 0000'],
    ['contain, high', 'contain', bright(2, 1), [4, 4], '0110 0110 0110 0110'],
    ['contain, an odd rest', 'contain', bright(1, 4), [4, 4], '0000 1111 0000 0000'],
    ['contain, very wide', 'contain', bright(1, 100), [3, 4], '0000 1111 0000'],
    ['height, narrow', 'height', bright(2, 2), [3, 5], '11100 11100 11100'],
    ['height, rounded up', 'height', bright(4, 3), [3, 5], '11100 11100 11100'],
    ['height, too wide', 'height', bright(2, 9), [2, 4], '1111 1111'],
  ] as const)('%s', (_, fit, image, size, expected) => {
    expect(draw(fit, image, [...size])).toBe(expected);
  });

  test('"cover" keeps the middle', () => {
    const columns = floats([0, 1, 2, 3, 0, 1, 2, 3], 1, 2, 4, 1);
    expect(draw('cover', columns, [2, 2])).toBe('12 12');
    const rows = floats([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], 1, 5, 2, 1);
    expect(draw('cover', rows, [2, 2])).toBe('22 33');
  });

  test('what is filled is normalised, per channel, in every image of the batch', () => {
    const { data } = toImageInput(floats([1, 1, 1, 1, 1, 1], 2, 1, 1, 3), {
      size: [1, 2],
      fit: 'height',
      fill: [0.5, 0.25, 0],
      mean: [0.5, 0.5, 0.5],
      stdDev: [0.5, 0.25, 0.125],
    });
    expect([...data]).toEqual([1, 0, 2, -1, 4, -4, 1, 0, 2, -1, 4, -4]);
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

  const colours = floats([1, 0.5, 0], 1, 1, 1, 3);
  test.each([
    { name: 'BGR', options: { order: 'bgr' }, values: [0, 0.5, 1] },
    {
      name: 'figures in the order of the model’s channels',
      options: { order: 'bgr', mean: [0, 0.5, 0.5], stdDev: [1, 2, 0.5] },
      values: [0, 0, 1],
    },
    { name: 'up to 255', options: { range: 255, mean: [55, 0, 0] }, values: [200, 127.5, 0] },
    { name: 'inverted up to 255', options: { range: 255, inverted: 'yes', stdDev: 2 }, values: [0, 63.75, 127.5] },
    { name: 'bytes, rounded', options: { dtype: 'uint8' }, values: [255, 128, 0] },
    { name: 'bytes, cut off', options: { dtype: 'uint8', mean: [-10, 0, 10] }, values: [255, 128, 0] },
    { name: 'bytes of 0 and 1', options: { dtype: 'uint8', range: 1 }, values: [1, 0, 0] },
  ] as const)('$name', ({ options, values }) => {
    const { data } = toImageInput(colours, options);
    expectClose({ data, shape: [] }, values);
    expect(data).toBeInstanceOf('dtype' in options ? Uint8Array : Float32Array);
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
    { options: { order: 'BGR' }, sentence: '"order" was BGR; it must be one of rgb, bgr' },
    {
      options: { mean: [0.5, 0.5] },
      sentence: '"mean" has 2 numbers; it must be one number, or one for each of the 3',
    },
    { options: { channels: 1, stdDev: [1, 1, 1] }, sentence: '"stdDev" has 3 numbers' },
    { options: { stdDev: [1, 0, 1] }, sentence: '"stdDev" was 0' },
    { options: { fill: 0.5 }, sentence: 'With the fit "stretch" nothing is filled' },
    { options: { fit: 'cover' }, sentence: '"fit" needs a size to fit into' },
    { options: { fit: 'fill', size: [4, 4] }, sentence: '"fit" was fill; it must be one of stretch, contain' },
    { options: { shortSide: 256, size: [4, 4] }, sentence: '"shortSide" belongs to the fit "cover"' },
    {
      options: { shortSide: 7, size: [4, 8], fit: 'cover' },
      sentence: '"shortSide" was 7; it must be a whole number of',
    },
    { options: { filter: 'lanczos' }, sentence: '"filter" was lanczos' },
    { options: { antialias: true }, sentence: '"antialias" was true' },
    { options: { range: 1000 }, sentence: '"range" was 1000' },
    { options: { dtype: 'float16' }, sentence: '"dtype" was float16' },
    { options: { inverted: true }, sentence: '"inverted" was true; it must be one of no, yes' },
  ])('the options $options', ({ options, sentence }) => {
    expect(() => readImageInput(options as unknown as ImageInput)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(sentence) }),
    );
  });

  test('nothing else', () => {
    readImageInput({});
    readImageInput({ size: [48, 320], channels: 1, layout: 'nhwc', inverted: 'yes', mean: 0, stdDev: 0.5 });
  });
});
