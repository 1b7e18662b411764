import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Dataset } from './dataset.ts';
import { fromImages, type ImageLike, type ImagesOptions } from './images.ts';
import { take, withoutLabels } from './views.ts';

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

  describe('of files', () => {
    const files = [1, 2, 3].map((value) => new Blob([Uint8Array.of(value)]));
    const all = Int32Array.of(0, 1, 2);
    /** A browser that decodes a file to one pixel, of three times its only byte; counts what it decodes, and closes. */
    function stubDecoder() {
      const log: string[] = [];
      let drawn = 0;
      vi.stubGlobal('createImageBitmap', async (file: Blob) => {
        const [value = 0] = new Uint8Array(await file.arrayBuffer());
        log.push(`decode ${value}`);
        return { width: 1, height: 1, value, close: () => log.push(`close ${value}`) };
      });
      vi.spyOn(FakeCanvas.prototype, 'getContext').mockImplementation(function (this: FakeCanvas) {
        const drawImage = ({ value }: { value: number }) => {
          drawn = 3 * value;
        };
        const getImageData = () => ({ data: Uint8ClampedArray.of(drawn, 0, drawn, 255) });
        return { canvas: this, clearRect: () => undefined, drawImage, getImageData };
      });
      const decoded = () => log.filter((line) => line.startsWith('decode')).length;
      return { log, decoded };
    }
    afterEach(() => void vi.restoreAllMocks());
    const options = { width: 1, height: 1 };
    const pixels = async (data: Dataset, indices = all) => (await data.read(indices)).inputs['input']?.data;

    test('decodes each at every read, and once while it is held, to the same numbers', async () => {
      const { log, decoded } = stubDecoder();
      const data = fromImages(files, options);
      const wanted = await pixels(data);
      expect(wanted).toEqual(
        Float32Array.from([3, 6, 9].flatMap((value) => [(value * 255) / 65025, 0, (value * 255) / 65025])),
      );
      expect(log.toSorted()).toEqual([1, 2, 3].flatMap((i) => [`close ${i}`, `close ${i}`, `decode ${i}`]).toSorted());
      await pixels(data);
      expect(decoded()).toBe(6);
      const hold = data.holdDecoded?.();
      const second = take(withoutLabels(data), 3).holdDecoded?.();
      for (let i = 0; i < 3; i++) expect(await pixels(data)).toEqual(wanted);
      expect(await pixels(data, Int32Array.of(2, 2, 0))).toEqual(
        Float32Array.from([...(wanted?.slice(6) ?? []), ...(wanted?.slice(6) ?? []), ...(wanted?.slice(0, 3) ?? [])]),
      );
      expect(decoded()).toBe(9);
      hold?.[Symbol.dispose]();
      hold?.[Symbol.dispose]();
      await pixels(data);
      expect(decoded()).toBe(9);
      second?.[Symbol.dispose]();
      await pixels(data);
      expect(decoded()).toBe(12);
    });

    test('keeps no more than there is room for', async () => {
      const { decoded } = stubDecoder();
      const data = fromImages(files, { ...options, decodedMemoryBytes: 8 });
      using _hold = data.holdDecoded?.();
      await pixels(data);
      await pixels(data);
      expect(decoded()).toBe(4);
    });

    test('closes what it decoded ahead when it is stopped', async () => {
      const { log } = stubDecoder();
      const data = fromImages(files, options);
      const controller = new AbortController();
      const reading = data.read(all, controller.signal);
      controller.abort();
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      const open = () =>
        log.filter((line) => line.startsWith('decode') && !log.includes(line.replace('decode', 'close')));
      await vi.waitFor(() => expect(open()).toEqual([]));
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
