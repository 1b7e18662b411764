import { LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { sizeOf } from '../core/shape.ts';
import { yieldToEvents } from '../core/yield.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';

/** Anything that holds one picture. A Blob (or File) is decoded when it is read, and not kept. */
export type ImageLike = ImageData | ImageBitmap | HTMLCanvasElement | OffscreenCanvas | Blob;

/** What every image becomes. */
export interface ImagesOptions {
  /** Pixels of every example; images are scaled to it (smoothed, without keeping their proportions). */
  readonly width: number;
  readonly height: number;
  /** 3 for colour (default), 1 for grey (luma of Rec. 601). Transparency is laid over black. */
  readonly channels?: 1 | 3;
}

/** Long enough to do some work, short enough that the page stays at 60 frames a second. */
const TURN_MS = 8;

/**
 * A dataset from images.
 * Shapes    N images → input [N, height, width, channels]
 * Units     floats 0…1
 * Throws    empty-image: an image without pixels · image-unreadable: a blob that does not decode · invalid-option
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
  const { width, height, channels = 3 } = options;
  checkCount(width, 'width');
  checkCount(height, 'height');
  if (channels !== 1 && channels !== 3) {
    throw new LimbeckError('invalid-option', `"channels" was ${channels}; it must be 1 or 3.`);
  }
  if (labels !== undefined && labels.length !== images.length) {
    throw new LimbeckError('shape-mismatch', `There are ${images.length} images and ${labels.length} labels.`);
  }
  for (let i = 0; i < images.length; i++) checkHasPixels(images[i] as ImageLike, i);
  const shape = [height, width, channels];
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const data = new Float32Array(indices.length * sizeOf(shape));
    const canvas = makeCanvas(width, height);
    let turnStart = performance.now();
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      const rgba = await pixelsOf(images[index] as ImageLike, index, canvas);
      writePixels(rgba, channels, data, i * sizeOf(shape));
      if (performance.now() - turnStart > TURN_MS) {
        throwIfAborted(signal);
        await yieldToEvents();
        turnStart = performance.now();
      }
    }
    const inputs = { [DEFAULT_INPUT]: { data, shape: [indices.length, ...shape] } };
    return labels === undefined
      ? { inputs }
      : { inputs, labels: Int32Array.from(indices, (index) => labels[index] as number) };
  };
  return {
    size: images.length,
    inputs: { [DEFAULT_INPUT]: { shape, dtype: 'float32' } },
    hasLabels: labels !== undefined,
    read,
  };
}

function checkHasPixels(image: ImageLike, index: number): void {
  const isEmpty = image instanceof Blob ? image.size === 0 : !(image.width > 0 && image.height > 0);
  if (!isEmpty) return;
  const size = image instanceof Blob ? '0 bytes' : `${image.width} × ${image.height}`;
  throw new LimbeckError('empty-image', `Image ${index} has no pixels (${size}). Leave it out, or load it first.`, {
    details: { index },
  });
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

async function pixelsOf(image: ImageLike, index: number, canvas: Canvas): Promise<Uint8ClampedArray> {
  const { width, height } = canvas.canvas;
  if (image instanceof ImageData && image.width === width && image.height === height) return image.data;
  const isDecoded = !(image instanceof Blob || image instanceof ImageData);
  let drawable: CanvasImageSource;
  try {
    drawable = isDecoded ? image : await createImageBitmap(image);
  } catch (error) {
    throw new LimbeckError('image-unreadable', `Image ${index} could not be decoded: ${messageOf(error)}`, {
      details: { index },
      cause: error,
    });
  }
  canvas.clearRect(0, 0, width, height);
  canvas.drawImage(drawable, 0, 0, width, height);
  if (!isDecoded) (drawable as ImageBitmap).close();
  return canvas.getImageData(0, 0, width, height).data;
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
