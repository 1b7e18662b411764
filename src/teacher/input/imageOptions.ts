import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFinite, checkPositive } from '../../core/options.ts';
import { given, type OptionsOf, oneOf, type Read, schema } from '../../core/schema.ts';

/** One number, or one for each channel of the model. */
type PerChannel = number | readonly number[];

const OPTIONS = schema('input', {
  /** Images, unless it says 'audio'. */
  kind: oneOf('image')(),
  /** Height and width that the model takes, in pixels; images are resized to it. Default: as they are. */
  size: given<readonly [number, number]>(checkSize),
  /**
   * How images of other proportions get into `size`. 'stretch' changes their proportions. 'contain' keeps the whole image, in
   * the middle, and fills the rest. 'cover' resizes it until it covers `size`, then takes the middle. 'height' resizes it to the
   * height and fills the right, or squeezes it where it is too wide. Default 'stretch'.
   */
  fit: oneOf('stretch', 'contain', 'cover', 'height')('stretch'),
  /** What 'contain' and 'height' fill with: a pixel in [0, 1] as the model sees it, or one per channel. Default: 0. */
  fill: given<PerChannel>(),
  /** With 'cover': what the shorter side is resized to, in pixels. Default: the smallest that covers. */
  shortSide: given<number>(),
  /** What 'bicubic' overshoots beyond black and white is cut off. Default 'bilinear'. */
  filter: oneOf('bilinear', 'bicubic')('bilinear'),
  /** Widens the filter where images get smaller, as Pillow and torchvision do. Default 'no', as OpenCV does. */
  antialias: oneOf('no', 'yes')('no'),
  /** Channels that the model takes: a grey image is repeated to 3, a coloured one is averaged to 1. Default 3. */
  channels: oneOf(1, 3)(3),
  /** Order of the model's channels; images of a dataset are RGB. Default 'rgb'. */
  order: oneOf('rgb', 'bgr')('rgb'),
  /** Default 'nchw'. */
  layout: oneOf('nchw', 'nhwc')('nchw'),
  /** Turns dark to bright before normalising: white ink on black becomes black on white. Default 'no'. */
  inverted: oneOf('no', 'yes')('no'),
  /** What white is before normalising. Default: 1, or 255 for 'uint8'. */
  range: oneOf(1, 255)(),
  /** Value = (pixel − mean) / stdDev with pixels in [0, range]; a number, or one per channel of the model. Default: 0. */
  mean: given<PerChannel>(),
  /** Default: 1. */
  stdDev: given<PerChannel>(),
  /** 'uint8' for models that take bytes: values are rounded, and cut off at 0 and 255. Default 'float32'. */
  dtype: oneOf('float32', 'uint8')('float32'),
});

/** How images become what a vision model reads. Plain values: the work is done on the teacher's own thread. */
export interface ImageInput extends OptionsOf<typeof OPTIONS> {}

/** Throws    invalid-option: an unknown option, or one that describes no image */
export function readImageInput(options: ImageInput): Read<typeof OPTIONS> {
  const read = OPTIONS.read(options);
  const { size, fit, fill, shortSide, channels, mean = 0, stdDev = 1 } = read;
  if (size === undefined && (fit !== 'stretch' || shortSide !== undefined)) {
    throw new LimbeckError('invalid-option', `"fit" needs a size to fit into: give "size" as [height, width].`);
  }
  if (fill !== undefined && fit !== 'contain' && fit !== 'height') {
    throw new LimbeckError('invalid-option', `With the fit "${fit}" nothing is filled: leave "fill" out.`);
  }
  if (shortSide !== undefined && fit !== 'cover') {
    throw new LimbeckError('invalid-option', '"shortSide" belongs to the fit "cover"; leave it out.');
  }
  if (shortSide !== undefined) checkCount(shortSide, 'shortSide', Math.max(...(size ?? [])));
  for (const value of perChannel(mean, 'mean', channels)) checkFinite(value, 'mean');
  for (const value of perChannel(stdDev, 'stdDev', channels)) checkPositive(value, 'stdDev');
  for (const value of perChannel(fill ?? 0, 'fill', channels)) checkFinite(value, 'fill');
  return read;
}

function checkSize(size: readonly number[]): void {
  if (size.length !== 2) {
    throw new LimbeckError('invalid-option', `"size" was ${String(size)}; it must be [height, width].`);
  }
  for (const length of size) checkCount(length, 'size');
}

function perChannel(value: PerChannel, name: string, channels: number): readonly number[] {
  if (!Array.isArray(value)) return [value as number];
  if (value.length === channels) return value;
  throw new LimbeckError(
    'invalid-option',
    `"${name}" has ${value.length} numbers; it must be one number, or one for each of the ${channels} channels.`,
  );
}
