import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkFinite, checkKnownOptions, checkOneOf, checkPositive } from '../core/options.ts';
import { formatShape, type NdArray } from '../core/shape.ts';

/** How images become what a vision model reads. Plain values: the work is done on the teacher's own thread. */
export interface ImageInput {
  /** Height and width the model wants, in pixels; images are resized to it. Default: as they are. */
  readonly size?: readonly [number, number];
  /** Channels the model wants: a grey image is repeated to 3, a coloured one is averaged to 1. Default 3. */
  readonly channels?: 1 | 3;
  /** 'nchw' (default) or 'nhwc'. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Turns dark to bright before normalising: white ink on black becomes black on white. Default 'no'. */
  readonly inverted?: 'no' | 'yes';
  /** Value = (pixel − mean) / stdDev with pixels in [0, 1]. Default 0 and 1. */
  readonly mean?: number;
  readonly stdDev?: number;
}

/** Throws    invalid-option: an unknown option, or one that describes no image */
export function checkImageInput(options: ImageInput): void {
  checkKnownOptions(options, ['size', 'channels', 'layout', 'inverted', 'mean', 'stdDev'], 'input');
  const { size, channels = 3, layout = 'nchw', inverted = 'no', mean = 0, stdDev = 1 } = options;
  if (size !== undefined && size.length !== 2) {
    throw new LimbeckError('invalid-option', `"size" was ${String(size)}; it must be [height, width].`);
  }
  for (const length of size ?? []) checkCount(length, 'size');
  checkOneOf(channels, 'channels', [1, 3]);
  checkOneOf(layout, 'layout', ['nchw', 'nhwc']);
  checkOneOf(inverted, 'inverted', ['no', 'yes']);
  checkFinite(mean, 'mean');
  checkPositive(stdDev, 'stdDev');
}

/**
 * Images as a vision model reads them: resized (bilinear, half-pixel centres), normalised, in the model's layout.
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
  const { channels = 3, layout = 'nchw', inverted = 'no', mean = 0, stdDev = 1 } = options;
  const [height, width] = options.size ?? [inHeight, inWidth];
  const unit = data instanceof Uint8Array ? 1 / 255 : 1;
  const scale = (inverted === 'yes' ? -unit : unit) / stdDev;
  const shift = ((inverted === 'yes' ? 1 : 0) - mean) / stdDev;
  const rows = taps(inHeight, height);
  const cols = taps(inWidth, width);
  const out = new Float32Array(batch * channels * height * width);
  const [pixelStride, channelStride] = layout === 'nchw' ? [1, height * width] : [channels, 1];
  for (let b = 0; b < batch; b++) {
    const image = b * inHeight * inWidth * inChannels;
    const target = b * channels * height * width;
    for (let y = 0; y < height; y++) {
      const { low: y0, high: y1, share: dy } = rows[y] as Tap;
      for (let x = 0; x < width; x++) {
        const { low: x0, high: x1, share: dx } = cols[x] as Tap;
        const at = target + (y * width + x) * pixelStride;
        let sum = 0;
        for (let c = 0; c < inChannels; c++) {
          const value = (row: number, col: number) => data[image + (row * inWidth + col) * inChannels + c] as number;
          const top = value(y0, x0) * (1 - dx) + value(y0, x1) * dx;
          const bottom = value(y1, x0) * (1 - dx) + value(y1, x1) * dx;
          const pixel = (top * (1 - dy) + bottom * dy) * scale + shift;
          sum += pixel;
          if (inChannels === channels) out[at + c * channelStride] = pixel;
        }
        if (inChannels === channels) continue;
        for (let c = 0; c < channels; c++) out[at + c * channelStride] = sum / inChannels;
      }
    }
  }
  return { data: out, shape: layout === 'nchw' ? [batch, channels, height, width] : [batch, height, width, channels] };
}

/** The two source lines that one target line lies between, and how far it is from the first. */
interface Tap {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

function taps(from: number, to: number): Tap[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}
