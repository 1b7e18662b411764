import { LimbeckError } from '../../core/errors.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { type ImageInput, readImageInput } from './imageOptions.ts';
import { makeResizeBuffers, resizeAcross, resizeDown, resizeTaps } from './resize.ts';
import { placeImage } from './resizeFit.ts';

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
  const read = readImageInput(options);
  const { channels, layout, filter, antialias, fit, shortSide, size: [height, width] = [inHeight, inWidth] } = read;
  const bytes = isTagged(data, 'Uint8Array');
  const values = channelValues(read, bytes);
  const placed = placeImage([inHeight, inWidth], [height, width], fit, shortSide);
  const rows = resizeTaps(inHeight, placed.height, filter, antialias === 'yes', placed.rows);
  const columns = resizeTaps(inWidth, placed.width, filter, antialias === 'yes', placed.columns);
  const buffers = makeResizeBuffers(inHeight, columns, inChannels);
  const out = makeOutput(read, batch * channels * height * width);
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

type ReadImageInput = ReturnType<typeof readImageInput>;

/** What each of the model's channels does to a pixel, from which of the image's it comes, and what is filled. */
interface ChannelValues {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly source: Int32Array;
  readonly fill: Float64Array;
}

function channelValues(options: ReadImageInput, isBytes: boolean): ChannelValues {
  const { channels, inverted, order, dtype, mean = 0, stdDev = 1, fill = 0 } = options;
  const { range = dtype === 'uint8' ? 255 : 1 } = options;
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

function makeOutput({ dtype }: ReadImageInput, length: number): Output {
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
