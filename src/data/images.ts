import { LimbeckError, messageOf } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import { sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { takeTurns } from '../core/turns.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { makeDataset } from './makeDataset.ts';

/**
 * Anything that holds one picture. A Blob (or File) is decoded when it is read, and not kept; an element must be loaded, and a
 * video gives the frame that it shows when it is read, so take a VideoFrame of what shall stay the same.
 */
export type ImageLike =
  | ImageData
  | ImageBitmap
  | HTMLCanvasElement
  | OffscreenCanvas
  | Blob
  | HTMLImageElement
  | HTMLVideoElement
  | VideoFrame;

/** What every image becomes. */
export interface ImagesOptions {
  /** Pixels of every example; images are scaled to it, smoothed. */
  readonly width: number;
  readonly height: number;
  /** How images of other proportions do: 'stretch' (default), 'contain' (whole, on black) or 'cover' (the middle). */
  readonly fit?: 'stretch' | 'contain' | 'cover';
  /** 3 for colour (default), 1 for grey (luma of Rec. 601). Transparency is laid over black. */
  readonly channels?: 1 | 3;
}

/**
 * A dataset from images.
 * Shapes    N images → input [N, height, width, channels]
 * Units     floats 0…1
 * Throws    empty-image: an image without pixels · image-unreadable: one that does not decode, or that another
 *           site keeps to itself · invalid-option
 *
 * @example
 * const data = fromImages(files, { width: 28, height: 28, channels: 1 });
 */
export function fromImages(images: readonly ImageLike[], options: ImagesOptions): Dataset;
export function fromImages(
  images: readonly ImageLike[],
  options: ImagesOptions,
  labels: ArrayLike<number>,
): LabelledDataset;
export function fromImages(images: readonly ImageLike[], options: ImagesOptions, labels?: ArrayLike<number>): Dataset {
  checkKnownOptions(options, ['width', 'height', 'fit', 'channels'], 'fromImages');
  const { width, height, fit = 'stretch', channels = 3 } = options;
  checkCount(width, 'width');
  checkCount(height, 'height');
  checkOneOf(fit, 'fit', ['stretch', 'contain', 'cover']);
  checkOneOf(channels, 'channels', [1, 3]);
  for (let i = 0; i < images.length; i++) checkHasPixels(images[i] as ImageLike, i);
  const shape = [height, width, channels];
  const readInputs = async (indices: Int32Array, signal?: AbortSignal) => {
    const data = new Float32Array(indices.length * sizeOf(shape));
    const canvas = makeCanvas(width, height);
    const turn = takeTurns(signal);
    for (let i = 0; i < indices.length; i++) {
      await turn();
      const index = indices[i] as number;
      const rgba = await pixelsOf(images[index] as ImageLike, index, canvas, fit);
      writePixels(rgba, channels, data, i * sizeOf(shape));
    }
    return { [DEFAULT_INPUT]: { data, shape: [indices.length, ...shape] } };
  };
  const inputs = { [DEFAULT_INPUT]: { shape, dtype: 'float32' as const } };
  return makeDataset({ size: images.length, noun: 'images', inputs, readInputs }, labels);
}

function checkHasPixels(image: ImageLike, index: number): void {
  const [width, height] = isTagged(image, 'Blob') ? [image.size, 1] : sizeOfImage(image);
  if (width > 0 && height > 0) return;
  const size = isTagged(image, 'Blob') ? '0 bytes' : `${width} × ${height}`;
  throw new LimbeckError('empty-image', `Image ${index} has no pixels (${size}). Leave it out, or load it first.`, {
    details: { index },
  });
}

/** Width and height of the picture itself, whatever size an element is shown at. */
function sizeOfImage(image: Exclude<ImageLike, Blob>): [number, number] {
  if ('naturalWidth' in image) return [image.naturalWidth, image.naturalHeight];
  if ('videoWidth' in image) return [image.videoWidth, image.videoHeight];
  if ('displayWidth' in image) return [image.displayWidth, image.displayHeight];
  return [image.width, image.height];
}

type Canvas = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

function makeCanvas(width: number, height: number): Canvas {
  const canvas =
    typeof OffscreenCanvas === 'undefined'
      ? Object.assign(document.createElement('canvas'), { width, height })
      : new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as Canvas | null;
  if (context === null)
    throw new LimbeckError('image-unreadable', 'This browser offers no 2-D canvas to read images with.');
  context.imageSmoothingQuality = 'high';
  return context;
}

async function pixelsOf(
  image: ImageLike,
  index: number,
  canvas: Canvas,
  fit: NonNullable<ImagesOptions['fit']>,
): Promise<Uint8ClampedArray> {
  const { width, height } = canvas.canvas;
  if (isTagged(image, 'ImageData') && image.width === width && image.height === height) return image.data;
  const isDecoded = !(isTagged(image, 'Blob') || isTagged(image, 'ImageData'));
  let drawable: Exclude<ImageLike, Blob | ImageData> | undefined;
  try {
    drawable = isDecoded ? image : await createImageBitmap(image);
    const [left, top, drawnWidth, drawnHeight] = place(sizeOfImage(drawable), [width, height], fit);
    canvas.clearRect(0, 0, width, height);
    canvas.drawImage(drawable, left, top, drawnWidth, drawnHeight);
    return canvas.getImageData(0, 0, width, height).data;
  } catch (error) {
    throw new LimbeckError('image-unreadable', `Image ${index} could not be decoded: ${messageOf(error)}`, {
      details: { index },
      cause: error,
    });
  } finally {
    if (!isDecoded) (drawable as ImageBitmap | undefined)?.close();
  }
}

/** Left, top, width and height of the picture on the canvas. */
function place(
  [fromWidth, fromHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  fit: NonNullable<ImagesOptions['fit']>,
): [number, number, number, number] {
  if (fit === 'stretch') return [0, 0, width, height];
  const [across, down] = [width / fromWidth, height / fromHeight];
  const scale = fit === 'contain' ? Math.min(across, down) : Math.max(across, down);
  const [drawnWidth, drawnHeight] = [fromWidth * scale, fromHeight * scale];
  return [(width - drawnWidth) / 2, (height - drawnHeight) / 2, drawnWidth, drawnHeight];
}

/** Colours in 0…1, laid over black where they are transparent. */
function writePixels(rgba: Uint8ClampedArray, channels: 1 | 3, out: Float32Array, at: number): void {
  for (let from = 0; from < rgba.length; from += 4) {
    const scale = (rgba[from + 3] as number) / 65025;
    const red = (rgba[from] as number) * scale;
    const green = (rgba[from + 1] as number) * scale;
    const blue = (rgba[from + 2] as number) * scale;
    if (channels === 1) out[at++] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else {
      out[at++] = red;
      out[at++] = green;
      out[at++] = blue;
    }
  }
}
