import { derivedSeed, type Random, seededRandom } from '../core/random.ts';
import { type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { cutOut, type ImageShape, isIdentity, type Placement, placeImage } from './augmentImage.ts';
import { addNoise } from './augmentNoise.ts';
import type { AugmentOptions } from './augmentOptions.ts';
import { varySound } from './augmentSound.ts';
import { makeVaryText } from './augmentText.ts';
import type { TextAugment } from './augmentTextOptions.ts';

/** Identifies one variation of an example. */
export interface AugmentSeed {
  readonly seed: number;
  /** Counted from 1. */
  readonly epoch: number;
}

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
  const { inputs: wanted, text } = options;
  const varied = Object.entries(inputs).map(([name, array]) => {
    const seedOf = (example: number, what: string) => derivedSeed(seed, `augment/${epoch}/${example}/${what}`);
    const isText = isTagged(array.data, 'Int32Array');
    if ((isText && text === undefined) || !(wanted?.includes(name) ?? true)) return [name, array] as const;
    if (isText && text !== undefined)
      return [name, varyTexts(array, indices, text, (i) => seedOf(i, `text/${name}`))] as const;
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
  const { noise = 0, cutout = 0, fill = 0, range, sound } = options;
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
    if (sound !== undefined && shape.length === 2) varySound(to, sound, seedOf(example, 'sound'));
    if (noise > 0) addNoise(to, noise, seedOf(example, `noise/${name}`));
    if (range !== undefined) for (let j = 0; j < length; j++) to[j] = clamp(to[j] as number, range[0], range[1]);
  }
  return { data: isTagged(data, 'Uint8Array') ? toBytes(result) : result, shape };
}

function varyTexts(
  { data, shape }: NdArray,
  indices: Int32Array,
  options: TextAugment,
  seedOf: (example: number) => number,
): NdArray {
  const vary = makeVaryText(options);
  const result = Int32Array.from(data);
  const length = sizeOf(shape.slice(1));
  for (const [i, example] of indices.entries()) vary(result.subarray(i * length, (i + 1) * length), seedOf(example));
  return { data: result, shape };
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
