import { LimbeckError } from '../../../core/errors.ts';
import type { backend_util } from '../../tf.ts';

const MOST_VALUES = 2 ** 28;

/**
 * Checked before anything is left to tfjs, whose cpu backend never ends with a stride of 0. Throws    invalid-option
 */
export function requireSteps(strides: number | readonly number[], dilations: number | readonly number[] = 1): void {
  for (const [name, given] of Object.entries({ strides, dilations })) {
    const numbers = typeof given === 'number' ? [given] : (given ?? [1]);
    if (!numbers.every((count) => Number.isInteger(count) && count > 0)) throw notPositive(name, numbers);
  }
}

/**
 * Whether the kernels can compute windows of these sizes: no negative padding, all addressable. The output may be
 * empty: tfjs-wasm would write out of bounds.
 * Throws    invalid-option: strides, dilations or windows that are not positive integers, or windows that leave the
 *           padded image by more than a stride
 */
export function canSlide(info: backend_util.Conv2DInfo): boolean {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, filterHeight, filterWidth, padInfo } = info;
  const steps = { strides: [strideHeight, strideWidth], dilations: [dilationHeight, dilationWidth] };
  for (const [name, numbers] of Object.entries({ ...steps, 'window sizes': [filterHeight, filterWidth] })) {
    if (!numbers.every((count) => Number.isInteger(count) && count > 0)) throw notPositive(name, numbers);
  }
  const paddings = [padInfo.top, padInfo.bottom, padInfo.left, padInfo.right];
  if (!paddings.every((count) => Number.isInteger(count) && count >= 0)) return false;
  if (info.outHeight < 0 || info.outWidth < 0) throw tooLarge(info);
  const lengths = [...info.inShape, ...info.filterShape, info.outHeight + 1, info.outWidth + 1, info.outChannels];
  if (!lengths.every((length) => Number.isInteger(length) && length > 0)) return false;
  const height = info.outHeight * strideHeight + filterHeight * dilationHeight + info.inHeight;
  const width = info.outWidth * strideWidth + filterWidth * dilationWidth + info.inWidth;
  return info.batchSize * height * width * Math.max(info.inChannels, info.outChannels) < MOST_VALUES;
}

function tooLarge({ inHeight, inWidth, effectiveFilterHeight, effectiveFilterWidth }: backend_util.Conv2DInfo) {
  return new LimbeckError(
    'invalid-option',
    `A window of ${effectiveFilterHeight} × ${effectiveFilterWidth} does not fit an image of ${inHeight} × ${inWidth}.`,
  );
}

function notPositive(name: string, given: readonly number[]): LimbeckError {
  return new LimbeckError('invalid-option', `The ${name} were ${given.join(' × ')}; they must be whole and above 0.`, {
    details: { given },
  });
}
