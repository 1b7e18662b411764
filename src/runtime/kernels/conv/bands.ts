// Padded copies of images, whole or in bands.
import type { backend_util, TensorInfo } from '../../tf.ts';
import type { KernelContext } from '../kernel.ts';
import { padImages } from './padImages.ts';

export type ConvInfo = backend_util.Conv2DInfo;

/** An image as the convolution reads it: with its padding, address and row length. */
export interface PaddedImages {
  readonly address: number;
  readonly height: number;
  readonly width: number;
}

/** Some of the images, and of the rows of their outputs. */
interface Band {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

const wholeOf = ({ batchSize, outHeight }: ConvInfo): Band => ({
  image: 0,
  images: batchSize,
  row: 0,
  rows: outHeight,
});

/** Images such that the taps of all windows are inside; padding is copied in once, so no tap checks bounds. */
export function paddedInput(
  context: KernelContext,
  x: TensorInfo,
  info: ConvInfo,
  scratch: number,
  band = wholeOf(info),
): PaddedImages {
  const { inHeight, inWidth, inChannels, padInfo } = info;
  const { height, width, isNeeded } = paddedSize(info, band);
  if (!isNeeded) return { address: context.address(x), height: inHeight, width: inWidth };
  const top = padInfo.top - band.row * info.strideHeight;
  const skipped = Math.max(0, -top);
  padImages(context, {
    x: context.address(x) + 4 * (band.image * inHeight + skipped) * inWidth * inChannels,
    out: scratch,
    images: band.images,
    height: Math.max(0, inHeight - skipped),
    width: inWidth,
    channels: inChannels,
    top: Math.max(0, top),
    left: padInfo.left,
    outHeight: height,
    outWidth: width,
  });
  return { address: scratch, height, width };
}

export function paddedSize(info: ConvInfo, { images, rows } = wholeOf(info)) {
  const height = (rows - 1) * info.strideHeight + info.effectiveFilterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth;
  const { padInfo, inHeight, inWidth } = info;
  const whole = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight;
  const isNeeded = padInfo.top > 0 || padInfo.left > 0 || whole > inHeight || width > inWidth;
  const rowBytes = width * info.inChannels * 4;
  return { height, width, rowBytes, bytes: isNeeded ? images * height * rowBytes : 0, isNeeded };
}

/** A padded copy of a whole large image would be the largest tensor of all. */
const MOST_PADDED = 32 * 2 ** 20;

/** All at once, or by so many images or rows that their padded copy stays small; the bits of the results are the same. */
export function bandsOf(info: ConvInfo): Band[] {
  const { bytes, height, rowBytes } = paddedSize(info);
  if (bytes <= MOST_PADDED) return [wholeOf(info)];
  const { batchSize, outHeight, effectiveFilterHeight, strideHeight } = info;
  const most = Math.floor(MOST_PADDED / (height * rowBytes));
  const [images, rows] =
    most > 0
      ? [most, outHeight]
      : [1, 1 + Math.max(0, Math.floor((MOST_PADDED / rowBytes - effectiveFilterHeight) / strideHeight))];
  const bands: Band[] = [];
  for (let image = 0; image < batchSize; image += images) {
    for (let row = 0; row < outHeight; row += rows) {
      bands.push({
        image,
        images: Math.min(images, batchSize - image),
        row,
        rows: Math.min(rows, outHeight - row),
      });
    }
  }
  return bands;
}
