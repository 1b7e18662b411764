import { LimbeckError } from '../core/errors.ts';
import { checkNotNegative, invalidOption } from '../core/options.ts';
import { count, finite, given, nested, notNegative, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { formatShape } from '../core/shape.ts';
import { changesSound, SOUND } from './augmentSoundOptions.ts';
import { changesText, checkText, TEXT } from './augmentTextOptions.ts';
import type { InputSpec } from './dataset.ts';

const AUGMENT = schema(
  'augment',
  {
    /** Pixels, along each axis by itself. */
    shift: notNegative(),
    /** Degrees, about the middle. Below 180 or equal. */
    rotate: given<number>(limited((value) => value <= 180, '180 degrees or less')),
    /** A fraction below 1: sizes from 1 − scale to 1 + scale. */
    scale: given<number>(limited((value) => value < 1, 'a fraction below 1')),
    /** Degrees by which columns lean. Below 90. */
    shear: given<number>(limited((value) => value < 90, 'below 90 degrees')),
    /** Mirrored with a chance of one half, along each axis by itself where it is 'both'. */
    flip: oneOf('horizontal', 'vertical', 'both')(),
    /** What is added to all values of an example, in their own units: 25 for bytes, 0.1 for values from 0 to 1. */
    brightness: notNegative(),
    /** A fraction: the distances from an example's mean grow or shrink by as much. */
    contrast: given<number>(limited((value) => value <= 1, 'a fraction of 1 or less')),
    /** Standard deviation of normal noise on each value, in its own units. For inputs of any shape. */
    noise: notNegative(),
    /** Changes of sounds, for inputs [samples]: gain, speed, rooms, noise. */
    sound: nested(SOUND),
    /** Changes of tokens, for an input [tokens] of whole numbers (int32): dropped, swapped, replaced. */
    text: nested(TEXT),
    /** Side in pixels of one square that is filled; its middle lies anywhere in the image. */
    cutout: count(0)(),
    /** What stands where nothing was, in the units of the values. Default 0. */
    fill: finite(0),
    /** What values are cut to in the end. Default: nothing; bytes are always cut to 0…255. */
    range: given<readonly [number, number]>((range, name) => {
      const isRange = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] < range[1];
      if (!isRange) throw invalidOption(name, range, 'two finite numbers, the least and the most');
    }),
    /** Which inputs are varied. Default: all that can be; whole numbers (int32) by `text` only. */
    inputs: given<readonly string[]>(),
  },
  'augment.',
);

/**
 * How examples are varied. Each number is the most that something changes by, either way and uniformly drawn for each
 * example; what is left out does not change. All but `noise`, `sound` and `text` need images [H, W, C].
 */
export interface AugmentOptions extends OptionsOf<typeof AUGMENT> {}

const OF_IMAGES = ['shift', 'rotate', 'scale', 'shear', 'flip', 'brightness', 'contrast', 'cutout'] as const;

/**
 * Throws    invalid-option: an unknown option, a number out of its range, no change at all, an input that there is not,
 *           or that holds whole numbers without `text` · shape-mismatch: changes of images where no input is [H, W, C], of tokens
 *           where not one input, or none that is named, holds whole numbers
 */
export function checkAugment(options: AugmentOptions, inputs: Readonly<Record<string, InputSpec>>): void {
  AUGMENT.read(options);
  checkInputs(options, inputs);
}

function checkInputs(options: AugmentOptions, inputs: Readonly<Record<string, InputSpec>>): void {
  const ofImages = OF_IMAGES.filter((name) => options[name] !== undefined && options[name] !== 0);
  const isOfSounds = options.sound !== undefined && changesSound(options.sound);
  const isOfTexts = options.text !== undefined && changesText(options.text);
  if (ofImages.length === 0 && (options.noise ?? 0) === 0 && !isOfSounds && !isOfTexts) {
    throw invalidOption('augment', '{}', 'at least one change, such as { shift: 2 }');
  }
  if (options.text !== undefined) checkText(options.text);
  const isToken = (name: string) => inputs[name]?.dtype === 'int32';
  const varied = options.inputs ?? Object.keys(inputs).filter((name) => isOfTexts || !isToken(name));
  for (const name of varied) {
    if (inputs[name] !== undefined && (isOfTexts || !isToken(name))) continue;
    throw invalidOption('augment.inputs', name, 'inputs of the data, int32 with "text" only');
  }
  const texts = varied.filter(isToken);
  const others = varied.filter((name) => !isToken(name));
  const images = others.filter((name) => inputs[name]?.shape.length === 3);
  const hasSound = others.some((name) => inputs[name]?.shape.length === 1 && inputs[name]?.dtype === 'float32');
  const isFitting =
    (isOfTexts ? texts.length === 1 || (texts.length > 1 && options.inputs !== undefined) : others.length > 0) &&
    (ofImages.length === 0 || images.length > 0) &&
    (!isOfSounds || hasSound) &&
    (!options.noise || others.length > 0);
  if (isFitting && (options.inputs === undefined || ofImages.length === 0 || images.length === others.length)) return;
  const asked = [
    ...ofImages,
    ...(isOfSounds ? ['sound'] : []),
    ...(isOfTexts ? ['text'] : []),
    ...(options.noise ? ['noise'] : []),
  ];
  const given = Object.entries(inputs).map(([name, { shape, dtype }]) => `"${name}" ${formatShape(shape)} ${dtype}`);
  throw new LimbeckError(
    'shape-mismatch',
    `"augment" asks for ${asked.join(', ')}; the data has the inputs ${given.join(', ')}. ` +
      'Images must be [height, width, channels], of floats or bytes, sounds [samples], of floats, and texts one input of int32, or ' +
      'those that "inputs" names; other inputs of floats can be given noise alone.',
    { details: { asked, inputs: given } },
  );
}

/** Checks a number of 0 or more that has a limit. */
function limited(isRight: (value: number) => boolean, needed: string) {
  return (value: number, name: string) => {
    if (!isRight(checkNotNegative(value, name))) throw invalidOption(name, value, needed);
  };
}
