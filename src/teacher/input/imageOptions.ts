import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFinite, checkKnownOptions, checkOneOf, checkPositive } from '../../core/options.ts';
import type { ImageInput } from './imageInput.ts';

const KNOWN: readonly (keyof ImageInput)[] = [
  'kind',
  'size',
  'fit',
  'fill',
  'shortSide',
  'filter',
  'antialias',
  'channels',
  'order',
  'layout',
  'inverted',
  'range',
  'mean',
  'stdDev',
  'dtype',
];

/** Throws    invalid-option: an unknown option, or one that describes no image */
export function checkImageInput(options: ImageInput): void {
  checkKnownOptions(options, KNOWN, 'input');
  const { size, channels = 3, mean = 0, stdDev = 1, fill = 0 } = options;
  if (size !== undefined && size.length !== 2) {
    throw new LimbeckError('invalid-option', `"size" was ${String(size)}; it must be [height, width].`);
  }
  for (const length of size ?? []) checkCount(length, 'size');
  checkFit(options);
  checkOneOf(channels, 'channels', [1, 3]);
  checkOneOf(options.filter ?? 'bilinear', 'filter', ['bilinear', 'bicubic']);
  checkOneOf(options.antialias ?? 'no', 'antialias', ['no', 'yes']);
  checkOneOf(options.order ?? 'rgb', 'order', ['rgb', 'bgr']);
  checkOneOf(options.layout ?? 'nchw', 'layout', ['nchw', 'nhwc']);
  checkOneOf(options.inverted ?? 'no', 'inverted', ['no', 'yes']);
  checkOneOf(options.range ?? 1, 'range', [1, 255]);
  checkOneOf(options.dtype ?? 'float32', 'dtype', ['float32', 'uint8']);
  for (const value of perChannel(mean, 'mean', channels)) checkFinite(value, 'mean');
  for (const value of perChannel(stdDev, 'stdDev', channels)) checkPositive(value, 'stdDev');
  for (const value of perChannel(fill, 'fill', channels)) checkFinite(value, 'fill');
}

function checkFit({ size, fit = 'stretch', fill, shortSide }: ImageInput): void {
  checkOneOf(fit, 'fit', ['stretch', 'contain', 'cover', 'height']);
  if (size === undefined && (fit !== 'stretch' || shortSide !== undefined)) {
    throw new LimbeckError('invalid-option', `"fit" needs a size to fit into: give "size" as [height, width].`);
  }
  if (fill !== undefined && fit !== 'contain' && fit !== 'height') {
    throw new LimbeckError('invalid-option', `With the fit "${fit}" nothing is filled: leave "fill" out.`);
  }
  if (shortSide === undefined) return;
  if (fit !== 'cover')
    throw new LimbeckError('invalid-option', '"shortSide" belongs to the fit "cover"; leave it out.');
  checkCount(shortSide, 'shortSide', Math.max(...(size ?? [])));
}

function perChannel(value: number | readonly number[], name: string, channels: number): readonly number[] {
  if (!Array.isArray(value)) return [value as number];
  if (value.length === channels) return value;
  throw new LimbeckError(
    'invalid-option',
    `"${name}" has ${value.length} numbers; it must be one number, or one for each of the ${channels} channels.`,
  );
}
