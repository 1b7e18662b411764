import { LimbeckError } from '../../core/errors.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { makeResizeBuffers, type ResizeFilter, resizeAcross, resizeDown, resizeTaps } from './resize.ts';
import { type Fit, placeImage } from './resizeFit.ts';

/** How images become what a vision model reads. Plain values: the work is done on the teacher's own thread. */
export interface ImageInput {
  readonly kind?: 'image';
  /** Height and width the model wants, in pixels; images are resized to it. Default: as they are. */
  readonly size?: readonly [number, number];
  /**
   * How images of other proportions get into `size`: 'stretch' (default); 'contain', whole and in the middle, the rest
   * filled; 'cover', resized until they cover it, then the middle; 'height', resized to the height and filled at the
   * right, or squeezed where they are too wide.
   */
  readonly fit?: Fit;
  /** What is filled with 'contain' and 'height': a pixel in [0, 1] as the model sees it, or one per channel. Default 0. */
  readonly fill?: number | readonly number[];
  /** With 'cover': what the shorter side is resized to, in pixels. Default: as small as covers. */
  readonly shortSide?: number;
  /** Default 'bilinear'. What 'bicubic' overshoots beyond black and white is cut off. */
  readonly filter?: ResizeFilter;
  /** Widens the filter where images get smaller, as Pillow and torchvision do. Default 'no', as OpenCV does. */
  readonly antialias?: 'no' | 'yes';
  /** Channels the model wants: a grey image is repeated to 3, a coloured one is averaged to 1. Default 3. */
  readonly channels?: 1 | 3;
  /** Order of the model's channels; images of a dataset are RGB. Default 'rgb'. */
  readonly order?: 'rgb' | 'bgr';
  /** 'nchw' (default) or 'nhwc'. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Turns dark to bright before normalising: white ink on black becomes black on white. Default 'no'. */
  readonly inverted?: 'no' | 'yes';
  /** What white is before normalising. Default 1; 255 for 'uint8'. */
  readonly range?: 1 | 255;
  /** Value = (pixel − mean) / stdDev with pixels in [0, range]; numbers, or one per channel of the model. Default 0, 1. */
  readonly mean?: number | readonly number[];
  readonly stdDev?: number | readonly number[];
  /** 'uint8' for models that take bytes: values are rounded, and cut off at 0 and 255. Default 'float32'. */
  readonly dtype?: 'float32' | 'uint8';
}

/**
 * Images as a vision model reads them: resized (half-pixel centres), normalised, in the model's order and layout.
 * Shapes    images [B, H, W, 1 or 3] → [B, channels, height, width], or [B, height, width, channels] for 'nhwc'
 * Units     bytes 0…255 or floats 0…1 in
 * Throws    shape-mismatch: not images
 */
export function toImageInput({ data, shape }: NdArray, options: ImageInput): NdArray {
  const [batch = 0, inHeight = 0, inWidth = 0, inChannels = 0] = shape;
  if (shape.length !== 4 || (inChannels !== 1 && inChannels !== 3)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's "input" options describe images [B, H, W, 1 or 3]; the data gives ${formatShape(shape)}.`,
    );
  }
  const { channels = 3, layout = 'nchw', filter = 'bilinear', antialias = 'no', fit = 'stretch' } = options;
  const [height, width] = options.size ?? [inHeight, inWidth];
  const bytes = isTagged(data, 'Uint8Array');
  const values = channelValues(options, channels, bytes);
  const placed = placeImage([inHeight, inWidth], [height, width], fit, options.shortSide);
  const rows = resizeTaps(inHeight, placed.height, filter, antialias === 'yes', placed.rows);
  const columns = resizeTaps(inWidth, placed.width, filter, antialias === 'yes', placed.columns);
  const buffers = makeResizeBuffers(inHeight, columns, inChannels);
  const out = makeOutput(options, batch * channels * height * width);
  const [pixelStride, channelStride] = layout === 'nchw' ? [1, height * width] : [channels, 1];
  const isCovered = placed.rows.count === height && placed.columns.count === width;
  for (let b = 0; b < batch; b++) {
    const image = b * channels * height * width;
    resizeAcross(data, b * inHeight * inWidth * inChannels, inHeight, inWidth, inChannels, columns, buffers.across);
    for (let c = 0; c < channels; c++) {
      const plane = image + c * channelStride;
      if (!isCovered) fillPlane(out, plane, height * width, pixelStride, values.fill[c] as number);
    }
    for (let y = 0; y < placed.rows.count; y++) {
      resizeDown(y, rows, buffers);
      if (filter === 'bicubic') clampRow(buffers.row, bytes ? 255 : 1);
      if (inChannels > channels) averageChannels(buffers.row, placed.columns.count);
      const first = image + ((placed.top + y) * width + placed.left) * pixelStride;
      writeRow(buffers.row, placed.columns.count, Math.min(inChannels, channels), values, out, first, {
        pixelStride,
        channelStride,
      });
    }
  }
  const ready = isTagged(out, 'Float32Array') ? out : new Uint8Array(out.buffer);
  return {
    data: ready,
    shape: layout === 'nchw' ? [batch, channels, height, width] : [batch, height, width, channels],
  };
}

/** What each of the model's channels does to a pixel, from which of the image's it comes, and what is filled. */
interface ChannelValues {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly source: Int32Array;
  readonly fill: Float64Array;
}

function channelValues(options: ImageInput, channels: number, isBytes: boolean): ChannelValues {
  const { inverted = 'no', order = 'rgb', dtype = 'float32', mean = 0, stdDev = 1, fill = 0 } = options;
  const range = options.range ?? (dtype === 'uint8' ? 255 : 1);
  const unit = (isBytes ? range / 255 : range) * (inverted === 'yes' ? -1 : 1);
  const black = inverted === 'yes' ? range : 0;
  const at = (value: number | readonly number[], c: number) =>
    typeof value === 'number' ? value : (value[c] as number);
  const each = (value: (c: number) => number) => Float64Array.from({ length: channels }, (_, c) => value(c));
  return {
    scale: each((c) => unit / at(stdDev, c)),
    shift: each((c) => (black - at(mean, c)) / at(stdDev, c)),
    source: Int32Array.from({ length: channels }, (_, c) => (order === 'bgr' ? channels - 1 - c : c)),
    fill: each((c) => (at(fill, c) * range - at(mean, c)) / at(stdDev, c)),
  };
}

/** A clamped array rounds and cuts off by itself. */
type Output = Float32Array | Uint8ClampedArray;

function makeOutput({ dtype = 'float32' }: ImageInput, length: number): Output {
  return dtype === 'float32' ? new Float32Array(length) : new Uint8ClampedArray(length);
}

function fillPlane(out: Output, first: number, count: number, stride: number, value: number): void {
  for (let i = 0, at = first; i < count; i++, at += stride) out[at] = value;
}

function clampRow(row: Float64Array, white: number): void {
  for (let i = 0; i < row.length; i++) row[i] = Math.min(Math.max(row[i] as number, 0), white);
}

/** The three channels of each pixel become one, at the front of the row. */
function averageChannels(row: Float64Array, count: number): void {
  for (let x = 0; x < count; x++) {
    row[x] = ((row[3 * x] as number) + (row[3 * x + 1] as number) + (row[3 * x + 2] as number)) / 3;
  }
}

function writeRow(
  row: Float64Array,
  count: number,
  rowChannels: number,
  { scale, shift, source }: ChannelValues,
  out: Output,
  first: number,
  { pixelStride, channelStride }: { pixelStride: number; channelStride: number },
): void {
  for (let c = 0; c < scale.length; c++) {
    const factor = scale[c] as number;
    const offset = shift[c] as number;
    let from = rowChannels === 1 ? 0 : (source[c] as number);
    let to = first + c * channelStride;
    for (let x = 0; x < count; x++, from += rowChannels, to += pixelStride) {
      out[to] = (row[from] as number) * factor + offset;
    }
  }
}
