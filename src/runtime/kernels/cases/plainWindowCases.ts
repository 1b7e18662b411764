// Convolutions and poolings in plain numbers, as one reads them in a textbook. Only tests import this file.
import type * as tf from '../../tf.ts';
import type { PlainFunction } from './finiteDifferenceCases.ts';

type Info = tf.backend_util.Conv2DInfo;

/** Every pair of an output pixel and an input pixel that a tap of its window meets, counted through all images. */
function meetings(info: Info): { out: number; from: number; tap: number }[] {
  const list: { out: number; from: number; tap: number }[] = [];
  const { batchSize, outHeight, outWidth, inHeight, inWidth, filterHeight, filterWidth, padInfo } = info;
  for (let image = 0; image < batchSize; image++) {
    for (let oh = 0; oh < outHeight; oh++) {
      for (let ow = 0; ow < outWidth; ow++) {
        for (let fh = 0; fh < filterHeight; fh++) {
          for (let fw = 0; fw < filterWidth; fw++) {
            const h = oh * info.strideHeight - padInfo.top + fh * info.dilationHeight;
            const w = ow * info.strideWidth - padInfo.left + fw * info.dilationWidth;
            if (h < 0 || h >= inHeight || w < 0 || w >= inWidth) continue;
            list.push({
              out: (image * outHeight + oh) * outWidth + ow,
              from: (image * inHeight + h) * inWidth + w,
              tap: fh * filterWidth + fw,
            });
          }
        }
      }
    }
  }
  return list;
}

export function plainDepthwise(info: Info): PlainFunction {
  const all = meetings(info);
  const { inChannels, outChannels } = info;
  const times = outChannels / inChannels;
  return ([x = [], filter = []]) => {
    const y = zeros(info);
    for (const { out, from, tap } of all) {
      for (let c = 0; c < outChannels; c++) {
        const product = (x[from * inChannels + Math.floor(c / times)] ?? 0) * (filter[tap * outChannels + c] ?? 0);
        y[out * outChannels + c] = (y[out * outChannels + c] ?? 0) + product;
      }
    }
    return y;
  };
}

export function plainMaxPool(info: Info): PlainFunction {
  const all = meetings(info);
  const channels = info.inChannels;
  return ([x = []]) => {
    const y = zeros(info).fill(Number.NEGATIVE_INFINITY);
    for (const { out, from } of all) {
      for (let c = 0; c < channels; c++) {
        y[out * channels + c] = Math.max(y[out * channels + c] ?? 0, x[from * channels + c] ?? 0);
      }
    }
    return y;
  };
}

export function plainAvgPool(info: Info): PlainFunction {
  const all = meetings(info);
  const channels = info.inChannels;
  return ([x = []]) => {
    const y = zeros(info);
    const counts = zeros(info);
    for (const { out, from } of all) {
      for (let c = 0; c < channels; c++) {
        y[out * channels + c] = (y[out * channels + c] ?? 0) + (x[from * channels + c] ?? 0);
        counts[out * channels + c] = (counts[out * channels + c] ?? 0) + 1;
      }
    }
    return y.map((sum, i) => sum / (counts[i] ?? 1));
  };
}

function zeros({ outShape }: Info): number[] {
  return new Array<number>(outShape.reduce((product, length) => product * length, 1)).fill(0);
}
