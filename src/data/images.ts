import { LimbeckError, messageOf } from '../core/errors.ts';
import { count, type OptionsOf, oneOf, required, schema } from '../core/schema.ts';
import { sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { takeTurns } from '../core/turns.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { makeDecoded } from './decoded.ts';
import { makeDataset } from './makeDataset.ts';

/**
 * Anything that holds one image. A Blob (or File) is decoded when it is read. An element must be loaded. A video gives the
 * frame that it shows when it is read; take a VideoFrame if it must stay the same.
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

/** What every image becomes; other schemas spread its fields. */
export const IMAGES = schema('fromImages', {
  /** Pixels of every example; images are scaled to it, smoothed. */
  width: required(count()()),
  /** Pixels of every example; images are scaled to it, smoothed. */
  height: required(count()()),
  /** How images with other proportions fit: 'stretch', 'contain' (whole, on black) or 'cover' (the middle). Default 'stretch'. */
  fit: oneOf('stretch', 'contain', 'cover')('stretch'),
  /** 3 for colour, 1 for grey (luma of Rec. 601). Transparency is laid over black. Default 3. */
  channels: oneOf(1, 3)(3),
  /**
   * Most bytes of decoded files to keep during a run, 4 · width · height each. A file that fits is decoded once, any other
   * at every read. 0 keeps none. Default 256e6: about 15,000 files at 64 × 64.
   */
  decodedMemoryBytes: count(0)(256e6),
});

/** What every image becomes. */
export interface ImagesOptions extends OptionsOf<typeof IMAGES> {}

/**
 * A dataset from images.
 * Shapes    N images → input [N, height, width, channels]
 * Units     floats 0…1
 * Throws    empty-image: an image without pixels · image-unreadable: one that does not decode, or that another
 *           site does not let be read · invalid-option
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
  const { width, height, fit, channels, decodedMemoryBytes } = IMAGES.read(options);
  for (let i = 0; i < images.length; i++) checkHasPixels(images[i] as ImageLike, i);
  const shape = [height, width, channels];
  const decoded = makeDecoded<Uint8ClampedArray>(decodedMemoryBytes, 4 * width * height);
  const readInputs = async (indices: Int32Array, signal?: AbortSignal) => {
    const data = new Float32Array(indices.length * sizeOf(shape));
    const canvas = makeCanvas(width, height);
    const turn = takeTurns(signal);
    const ready = (index: number) => decoded.get(index) ?? pixelsOf(images[index] as ImageLike, width, height);
    const open = (index: number) => {
      const opening = openImage(images[index] as ImageLike);
      // Its error is thrown when the image's turn comes.
      opening.catch(() => undefined);
      return opening;
    };
    const opened: (Promise<Opened> | undefined)[] = [];
    try {
      for (const [i, index] of indices.entries()) {
        for (const ahead of indices.subarray(opened.length, i + OPENED_AT_ONCE)) {
          opened.push(ready(ahead) === undefined ? open(ahead) : undefined);
        }
        await turn();
        let rgba = ready(index);
        if (rgba === undefined) {
          opened[i] ??= open(index);
          rgba = await draw(opened[i] as Promise<Opened>, index, canvas, fit);
          if (isTagged(images[index], 'Blob')) decoded.keep(index, rgba);
        }
        writePixels(rgba, channels, data, i * sizeOf(shape));
      }
    } finally {
      for (const one of opened) one?.then(close, () => undefined);
    }
    return { [DEFAULT_INPUT]: { data, shape: [indices.length, ...shape] } };
  };
  const inputs = { [DEFAULT_INPUT]: { shape, dtype: 'float32' as const } };
  return makeDataset({ size: images.length, noun: 'images', inputs, readInputs, holdDecoded: decoded.hold }, labels);
}

function checkHasPixels(image: ImageLike, index: number): void {
  const [width, height] = isTagged(image, 'Blob') ? [image.size, 1] : sizeOfImage(image);
  if (width > 0 && height > 0) return;
  const size = isTagged(image, 'Blob') ? '0 bytes' : `${width} × ${height}`;
  throw new LimbeckError('empty-image', `Image ${index} has no pixels (${size}). Leave it out, or load it first.`, {
    details: { index },
  });
}

/** Width and height of the image itself, not of the element that shows it. */
function sizeOfImage(image: Exclude<ImageLike, Blob>): [number, number] {
  if ('naturalWidth' in image) return [image.naturalWidth, image.naturalHeight];
  if ('videoWidth' in image) return [image.videoWidth, image.videoHeight];
  if ('displayWidth' in image) return [image.displayWidth, image.displayHeight];
  return [image.width, image.height];
}

/** Images that are decoded at a time. */
const OPENED_AT_ONCE = 2;

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

/** The pixels of an image that already has the right size. */
function pixelsOf(image: ImageLike, width: number, height: number): Uint8ClampedArray | undefined {
  const isExact = isTagged(image, 'ImageData') && image.width === width && image.height === height;
  return isExact ? image.data : undefined;
}

/** What can be drawn of an image, and the bitmap that was made for it. */
interface Opened {
  readonly drawable: Exclude<ImageLike, Blob | ImageData>;
  readonly bitmap?: ImageBitmap;
}

async function openImage(image: ImageLike): Promise<Opened> {
  if (!isTagged(image, 'Blob') && !isTagged(image, 'ImageData')) return { drawable: image };
  const bitmap = await createImageBitmap(image);
  return { drawable: bitmap, bitmap };
}

function close({ bitmap }: Opened): void {
  bitmap?.close();
}

async function draw(
  opening: Promise<Opened>,
  index: number,
  canvas: Canvas,
  fit: NonNullable<ImagesOptions['fit']>,
): Promise<Uint8ClampedArray> {
  const { width, height } = canvas.canvas;
  try {
    const opened = await opening;
    const { drawable } = opened;
    const [left, top, drawnWidth, drawnHeight] = place(sizeOfImage(drawable), [width, height], fit);
    canvas.clearRect(0, 0, width, height);
    canvas.drawImage(drawable, left, top, drawnWidth, drawnHeight);
    close(opened);
    return canvas.getImageData(0, 0, width, height).data;
  } catch (error) {
    throw new LimbeckError('image-unreadable', `Image ${index} could not be decoded: ${messageOf(error)}`, {
      details: { index },
      cause: error,
    });
  }
}

/** Left, top, width and height of the image on the canvas. */
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

/** Colours in 0…1; transparent ones lie over black. */
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
