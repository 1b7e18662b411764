import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkFinite, checkKnownOptions, checkNotNegative, checkOneOf } from '../core/options.ts';
import { derivedSeed, type Random, seededRandom } from '../core/random.ts';
import { formatShape, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { cutOut, type ImageShape, isIdentity, type Placement, placeImage } from './augmentImage.ts';
import { addNoise } from './augmentNoise.ts';
import type { InputSpec } from './dataset.ts';

/**
 * How examples are varied. Each number is the largest change in either direction, drawn uniformly for each example. What
 * is left out does not change. All but `noise` need images [H, W, C].
 */
export interface AugmentOptions {
  /** Pixels, drawn separately for each axis. */
  readonly shift?: number;
  /** Degrees, about the centre; at most 180. */
  readonly rotate?: number;
  /** A fraction below 1: sizes from 1 − scale to 1 + scale. */
  readonly scale?: number;
  /** Degrees by which columns lean. Below 90. */
  readonly shear?: number;
  /** Mirrors with probability ½, for 'both' drawn separately for each axis. */
  readonly flip?: 'horizontal' | 'vertical' | 'both';
  /** Added to all values of an example, in their own units: 25 for bytes, 0.1 for values from 0 to 1. */
  readonly brightness?: number;
  /** A fraction by which distances from an example's mean grow or shrink. */
  readonly contrast?: number;
  /** Standard deviation of normal noise on each value, in its own units. For inputs of any shape. */
  readonly noise?: number;
  /** Side in pixels of one filled square, whose centre may be anywhere in the image. */
  readonly cutout?: number;
  /** The value outside the original image, in the units of the values. Default 0. */
  readonly fill?: number;
  /** Values are clipped to this range at the end. Default: none; bytes are always clipped to 0…255. */
  readonly range?: readonly [number, number];
  /** Which inputs are varied. Default: all but integers (int32), which cannot be. */
  readonly inputs?: readonly string[];
}

/** Identifies one variation of an example. */
export interface AugmentSeed {
  readonly seed: number;
  /** Counted from 1. */
  readonly epoch: number;
}

const NUMBERS = ['shift', 'rotate', 'scale', 'shear', 'brightness', 'contrast', 'noise', 'cutout'] as const;
const OF_IMAGES = ['shift', 'rotate', 'scale', 'shear', 'flip', 'brightness', 'contrast', 'cutout'] as const;
const RADIANS = Math.PI / 180;

/**
 * Varied copies of some examples; the given arrays do not change. An example's variation depends only on the seed, the
 * epoch and its index in the dataset, not on the batch it comes in. All inputs of an example are shifted, rotated and
 * mirrored the same way.
 * Shapes    each input [B, ...], indices [B] → the same
 * Units     pixels, degrees, and the values' own; bytes stay bytes
 * Throws    nothing; call `checkAugment` first
 * Source    Shorten and Khoshgoftaar 2019, doi:10.1186/s40537-019-0197-0 · DeVries and Taylor 2017, "Cutout",
 *           arXiv:1708.04552 · Bishop 1995, "Training with Noise", doi:10.1162/neco.1995.7.1.108
 */
export function augmentExamples(
  inputs: NamedArrays,
  indices: Int32Array,
  options: AugmentOptions,
  { seed, epoch }: AugmentSeed,
): NamedArrays {
  const { inputs: wanted } = options;
  const varied = Object.entries(inputs).map(([name, array]) => {
    const isVaried = !isTagged(array.data, 'Int32Array') && (wanted === undefined || wanted.includes(name));
    if (!isVaried) return [name, array] as const;
    const seedOf = (example: number, what: string) => derivedSeed(seed, `augment/${epoch}/${example}/${what}`);
    return [name, augmentArray(array, indices, options, name, seedOf)] as const;
  });
  return Object.fromEntries(varied);
}

function augmentArray(
  { data, shape }: NdArray,
  indices: Int32Array,
  options: AugmentOptions,
  name: string,
  seedOf: (example: number, what: string) => number,
): NdArray {
  const { noise = 0, cutout = 0, fill = 0, range } = options;
  const image = imageShapeOf(shape.slice(1));
  const length = sizeOf(shape.slice(1));
  // Float32 for bytes too, so that intermediate values are not rounded.
  const result = new Float32Array(data.length);
  for (let i = 0; i < indices.length; i++) {
    const example = indices[i] as number;
    const from = data.subarray(i * length, (i + 1) * length);
    const to = result.subarray(i * length, (i + 1) * length);
    if (image === undefined) to.set(from);
    else {
      const random = seededRandom(seedOf(example, 'image'));
      const placement = drawPlacement(options, random);
      if (isIdentity(placement)) to.set(from);
      else placeImage(from, to, image, placement, fill);
      changeTones(to, options, random);
      if (cutout > 0) cutOut(to, image, cutout, fill, random);
    }
    if (noise > 0) addNoise(to, noise, seedOf(example, `noise/${name}`));
    if (range !== undefined) for (let j = 0; j < length; j++) to[j] = clamp(to[j] as number, range[0], range[1]);
  }
  return { data: isTagged(data, 'Uint8Array') ? toBytes(result) : result, shape };
}

/** Draws every number, even if its option is not set, so that one more option does not change the others. */
function drawPlacement(options: AugmentOptions, random: Random): Placement {
  const { shift = 0, rotate = 0, scale = 0, shear = 0, flip } = options;
  const within = (most: number) => most * (2 * random() - 1);
  const [right, down, degrees, size, lean] = [
    within(shift),
    within(shift),
    within(rotate),
    within(scale),
    within(shear),
  ];
  const [mirrorsX, mirrorsY] = [random() < 0.5, random() < 0.5];
  return {
    right,
    down,
    radians: degrees * RADIANS,
    size: 1 + size,
    lean: Math.tan(lean * RADIANS),
    mirrorsX: mirrorsX && (flip === 'horizontal' || flip === 'both'),
    mirrorsY: mirrorsY && (flip === 'vertical' || flip === 'both'),
  };
}

function changeTones(values: Float32Array, { brightness = 0, contrast = 0 }: AugmentOptions, random: Random): void {
  const added = brightness * (2 * random() - 1);
  const factor = 1 + contrast * (2 * random() - 1);
  if (added === 0 && factor === 1) return;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  const offset = (sum / values.length) * (1 - factor) + added;
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor + offset;
}

function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = clamp((values[i] as number) + 0.5, 0, 255);
  return bytes;
}

function imageShapeOf(shape: readonly number[]): ImageShape | undefined {
  if (shape.length !== 3) return undefined;
  const [height, width, channels] = shape as readonly [number, number, number];
  return { height, width, channels };
}

/**
 * Throws    invalid-option: an unknown option, a number out of range, no change at all, an input that is unknown or
 *           holds integers · shape-mismatch: changes of images where no input is [H, W, C]
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
      'Images must be [height, width, channels], of floats or bytes; other float inputs can only take noise.',
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
