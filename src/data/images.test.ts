import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fromImages, type ImageLike, type ImagesOptions } from './images.ts';

// Decoding and scaling are the browser's, and are tested there (e2e/images.spec.ts). Here a picture that already has
// its size goes through a canvas that does nothing.
class FakeImageData {
  readonly [Symbol.toStringTag] = 'ImageData';
  readonly data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
    rgba: readonly number[],
  ) {
    this.data = Uint8ClampedArray.from(rgba);
  }
}

class FakeCanvas {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
  getContext(): object {
    return { canvas: this };
  }
}

beforeAll(() => {
  vi.stubGlobal('ImageData', FakeImageData);
  vi.stubGlobal('OffscreenCanvas', FakeCanvas);
});
afterAll(() => vi.unstubAllGlobals());

const image = (width: number, height: number, ...rgba: number[]) =>
  new FakeImageData(width, height, rgba) as unknown as ImageLike;
/** An image element as large on the page as one likes; what counts is the picture. */
const element = (naturalWidth: number, naturalHeight: number) =>
  ({ naturalWidth, naturalHeight, width: 100, height: 100 }) as unknown as ImageLike;
const white = [255, 255, 255, 255];
const first = Int32Array.of(0);

describe('fromImages', () => {
  test('gives floats in 0…1, channels last, in the order of the indices', async () => {
    const images = [image(2, 1, 255, 0, 51, 255, 0, 102, 0, 255), image(2, 1, ...white, 0, 0, 0, 255)];
    const data = fromImages(images, { width: 2, height: 1 });
    expect(data).toMatchObject({
      size: 2,
      hasLabels: false,
      inputs: { input: { shape: [1, 2, 3], dtype: 'float32' } },
    });
    const { input } = (await data.read(Int32Array.of(1, 0))).inputs;
    expect(input?.shape).toEqual([2, 1, 2, 3]);
    const expected = [1, 1, 1, 0, 0, 0, 1, 0, 0.2, 0, 0.4, 0];
    expect([...(input?.data ?? [])].map((value) => Number(value.toFixed(6)))).toEqual(expected);
  });

  test.each([
    ['red', [255, 0, 0, 255], 0.299],
    ['green', [0, 255, 0, 255], 0.587],
    ['blue', [0, 0, 255, 255], 0.114],
    ['white', white, 1],
    ['half transparent white', [255, 255, 255, 128], 128 / 255],
    ['nothing', [255, 255, 255, 0], 0],
  ])('makes %s grey by the luma of Rec. 601, over black', async (_, rgba, grey) => {
    const data = fromImages([image(1, 1, ...rgba)], { width: 1, height: 1, channels: 1 });
    const { input } = (await data.read(first)).inputs;
    expect(input?.shape).toEqual([1, 1, 1, 1]);
    expect(input?.data[0]).toBeCloseTo(grey, 6);
  });

  test.each([
    ['stretch', [0, 0, 8, 8]],
    ['contain', [0, 2, 8, 4]],
    ['cover', [-4, 0, 16, 8]],
  ] as const)('draws a wide picture with the fit "%s"', async (fit, place) => {
    const drawn: unknown[] = [];
    const picture = element(20, 10);
    const drawImage = (...given: unknown[]) => drawn.push(given);
    const getImageData = () => ({ data: new Uint8ClampedArray(4 * 64) });
    vi.spyOn(FakeCanvas.prototype, 'getContext').mockImplementationOnce(function (this: FakeCanvas) {
      return { canvas: this, clearRect: () => undefined, drawImage, getImageData };
    });
    await fromImages([picture], { width: 8, height: 8, fit }).read(first);
    expect(drawn).toEqual([[picture, ...place]]);
  });

  test('keeps labels at their images', async () => {
    const data = fromImages([image(1, 1, ...white), image(1, 1, ...white)], { width: 1, height: 1 }, [7, 8]);
    expect(data.hasLabels).toBe(true);
    expect((await data.read(Int32Array.of(1, 0))).labels).toEqual(Int32Array.of(8, 7));
  });

  test('says which blob does not decode', async () => {
    vi.stubGlobal('createImageBitmap', async () => Promise.reject(new Error('unknown format')));
    const data = fromImages([new Blob(['no image'])], { width: 1, height: 1 });
    await expect(data.read(first)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: 'Image 0 could not be decoded: unknown format',
      details: { index: 0 },
    });
  });

  const size = { width: 1, height: 1 };
  test.each([
    ['an empty blob', 'empty-image', () => fromImages([new Blob(['a']), new Blob([])], size)],
    ['an image without pixels', 'empty-image', () => fromImages([image(0, 1)], size)],
    ['a width of 0', 'invalid-option', () => fromImages([], { width: 0, height: 1 })],
    ['a height of 1.5', 'invalid-option', () => fromImages([], { width: 1, height: 1.5 })],
    ['4 channels', 'invalid-option', () => fromImages([], { ...size, channels: 4 as unknown as 3 })],
    ['another fit', 'invalid-option', () => fromImages([], { ...size, fit: 'height' as unknown as 'cover' })],
    ['an unknown option', 'invalid-option', () => fromImages([], { ...size, size: 2 } as ImagesOptions)],
    ['an element that is not loaded', 'empty-image', () => fromImages([element(0, 0)], size)],
    ['labels of another number', 'shape-mismatch', () => fromImages([image(1, 1, ...white)], size, [1, 2])],
  ])('refuses %s', (_, code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
