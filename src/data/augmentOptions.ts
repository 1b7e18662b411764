import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkFinite, checkKnownOptions, checkNotNegative, checkOneOf } from '../core/options.ts';
import { formatShape } from '../core/shape.ts';
import type { InputSpec } from './dataset.ts';

/**
 * How examples are varied. Each number is the most that something changes by, either way and uniformly drawn for each
 * example; what is left out does not change. All but `noise` need images [H, W, C].
 */
export interface AugmentOptions {
  /** Pixels, along each axis by itself. */
  readonly shift?: number;
  /** Degrees, about the middle. Below 180 or equal. */
  readonly rotate?: number;
  /** A fraction below 1: sizes from 1 − scale to 1 + scale. */
  readonly scale?: number;
  /** Degrees by which columns lean. Below 90. */
  readonly shear?: number;
  /** Mirrored with a chance of one half, along each axis by itself where it is 'both'. */
  readonly flip?: 'horizontal' | 'vertical' | 'both';
  /** What is added to all values of an example, in their own units: 25 for bytes, 0.1 for values from 0 to 1. */
  readonly brightness?: number;
  /** A fraction: the distances from an example's mean grow or shrink by as much. */
  readonly contrast?: number;
  /** Standard deviation of normal noise on each value, in its own units. For inputs of any shape. */
  readonly noise?: number;
  /** Side in pixels of one square that is filled; its middle lies anywhere in the image. */
  readonly cutout?: number;
  /** What stands where nothing was, in the units of the values. Default 0. */
  readonly fill?: number;
  /** What values are cut to in the end. Default: nothing; bytes are always cut to 0…255. */
  readonly range?: readonly [number, number];
  /** Which inputs are varied. Default: all that can be; whole numbers (int32) never are. */
  readonly inputs?: readonly string[];
}

const NUMBERS = ['shift', 'rotate', 'scale', 'shear', 'brightness', 'contrast', 'noise', 'cutout'] as const;
const OF_IMAGES = ['shift', 'rotate', 'scale', 'shear', 'flip', 'brightness', 'contrast', 'cutout'] as const;

/**
 * Throws    invalid-option: an unknown option, a number out of its range, no change at all, an input that there is not
 *           or that holds whole numbers · shape-mismatch: changes of images where no input is [H, W, C]
 */
export function checkAugment(options: AugmentOptions, inputs: Readonly<Record<string, InputSpec>>): void {
  checkKnownOptions(options, [...NUMBERS, 'flip', 'fill', 'range', 'inputs'], 'augment');
  for (const name of NUMBERS) if (options[name] !== undefined) checkNotNegative(options[name], `augment.${name}`);
  const { rotate = 0, scale = 0, shear = 0, cutout = 0, contrast = 0, flip, fill = 0, range } = options;
  checkMost(rotate <= 180, 'rotate', rotate, '180 degrees or less');
  checkMost(scale < 1, 'scale', scale, 'a fraction below 1');
  checkMost(contrast <= 1, 'contrast', contrast, 'a fraction of 1 or less');
  checkMost(shear < 90, 'shear', shear, 'below 90 degrees');
  checkCount(cutout, 'augment.cutout', 0);
  if (flip !== undefined) checkOneOf(flip, 'augment.flip', ['horizontal', 'vertical', 'both']);
  checkFinite(fill, 'augment.fill');
  if (range !== undefined) {
    const isRange = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] < range[1];
    checkMost(isRange, 'range', range, 'two finite numbers, the least and the most');
  }
  checkInputs(options, inputs);
}

function checkInputs(options: AugmentOptions, inputs: Readonly<Record<string, InputSpec>>): void {
  const ofImages = OF_IMAGES.filter((name) => options[name] !== undefined && options[name] !== 0);
  checkMost(ofImages.length > 0 || (options.noise ?? 0) > 0, '', '{}', 'at least one change, such as { shift: 2 }');
  const varied = options.inputs ?? Object.keys(inputs).filter((name) => inputs[name]?.dtype !== 'int32');
  for (const name of varied) {
    const spec = inputs[name];
    checkMost(spec !== undefined && spec.dtype !== 'int32', 'inputs', name, 'inputs of the data that are not int32');
  }
  const images = varied.filter((name) => inputs[name]?.shape.length === 3);
  const isFitting = varied.length > 0 && (ofImages.length === 0 || images.length > 0);
  if (isFitting && (options.inputs === undefined || ofImages.length === 0 || images.length === varied.length)) return;
  const given = Object.entries(inputs).map(([name, { shape, dtype }]) => `"${name}" ${formatShape(shape)} ${dtype}`);
  throw new LimbeckError(
    'shape-mismatch',
    `"augment" asks for ${ofImages.join(', ') || 'noise'}; the data has the inputs ${given.join(', ')}. ` +
      'Images must be [height, width, channels], of floats or bytes; other inputs of floats can be given noise alone.',
    { details: { asked: ofImages, inputs: given } },
  );
}

function checkMost(isRight: boolean, name: string, value: unknown, needed: string): void {
  if (isRight) return;
  const option = name === '' ? 'augment' : `augment.${name}`;
  throw new LimbeckError('invalid-option', `"${option}" was ${String(value)}; it must be ${needed}.`, {
    details: { name: option, value: String(value) },
  });
}
