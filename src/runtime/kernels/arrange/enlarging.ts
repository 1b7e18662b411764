import {
  BatchMatMul,
  ResizeBilinear,
  ResizeBilinearGrad,
  ResizeNearestNeighbor,
  ResizeNearestNeighborGrad,
  Sum,
  type TensorInfo,
  Tile,
} from '../../tf.ts';
import { call, free, reshaped } from '../fallbacks/composed.ts';
import { isSupported, type Kernel, type KernelContext } from '../kernel.ts';

type Image = [batch: number, height: number, width: number, channels: number];

interface ResizeAttrs {
  readonly size: readonly [number, number];
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** A longer side costs more products than they are worth; most weights of a row are 0. */
const LONGEST_SIDE = 96;
const LONGEST_RESULT = 4096;

/**
 * Larger images: pixels repeated by whole factors, and linear between pixels as one product of matrices a side. Their
 * gradients add up what was repeated, and multiply by the transposed matrices.
 * Shapes    images [B, H, W, C] → [B, H′, W′, C]; dy [B, H′, W′, C], images → [B, H, W, C]
 * Units     float32
 * Throws    nothing: other factors, sides above 96 pixels and other dtypes are left to tfjs
 * Source    tfjs ResizeNearestNeighbor, ResizeBilinear and their gradients
 * Differs   from tfjs's gradients: that of ResizeNearestNeighbor takes slopes from the wrong examples of a batch, and that of
 *           ResizeBilinear forgets `halfPixelCenters`, and fails where images are not square
 */
export const enlarging: readonly Kernel[] = [
  {
    kernelName: ResizeNearestNeighbor,
    run(context, { images }, attrs) {
      const { size, alignCorners, halfPixelCenters } = attrs as unknown as ResizeAttrs;
      if (images === undefined || alignCorners || halfPixelCenters) return undefined;
      const factors = factorsOf(images, size);
      if (factors === undefined) return undefined;
      const [batch, height, width, channels] = images.shape as Image;
      const cells = reshaped(context, images, [batch * height, 1, width, 1, channels]);
      const [down, across] = factors;
      const repeated = call(context, Tile, { x: cells }, { reps: [1, down, 1, across, 1] });
      free(context, cells);
      return shapedAs(context, repeated, [batch, height * down, width * across, channels]);
    },
  },
  {
    kernelName: ResizeNearestNeighborGrad,
    run(context, { images, dy }, attrs) {
      const { alignCorners, halfPixelCenters } = attrs as unknown as ResizeAttrs;
      if (images === undefined || dy === undefined || alignCorners || halfPixelCenters) return undefined;
      const [batch, height, width, channels] = images.shape as Image;
      const [, tall, wide] = dy.shape as Image;
      const factors = factorsOf(images, [tall, wide]);
      if (factors === undefined || !isOf(images, dy)) return undefined;
      const columns = summed(context, reshaped(context, dy, [batch * tall * width, factors[1], channels]));
      const rows = shapedAs(context, columns, [batch * height, factors[0], width * channels]);
      return shapedAs(context, summed(context, rows), [batch, height, width, channels]);
    },
  },
  {
    kernelName: ResizeBilinear,
    run(context, { images }, attrs) {
      const { size } = attrs as unknown as ResizeAttrs;
      if (images === undefined || !isSmall(images, size)) return undefined;
      return multiplied(context, images, [images.shape[1] as number, images.shape[2] as number], size, attrs, false);
    },
  },
  {
    kernelName: ResizeBilinearGrad,
    run(context, { images, dy }, attrs) {
      if (images === undefined || dy === undefined || !isOf(images, dy)) return undefined;
      const [, height, width] = images.shape as Image;
      const [, tall, wide] = dy.shape as Image;
      if (!isSmall(images, [tall, wide])) return undefined;
      return multiplied(context, dy, [height, width], [tall, wide], attrs, true);
    },
  },
];

/** Whole factors down and across; undefined where there are none. */
function factorsOf(images: TensorInfo, [tall, wide]: readonly [number, number]): [number, number] | undefined {
  const [, height, width] = images.shape as Image;
  const factors: [number, number] = [tall / height, wide / width];
  const isWhole = images.shape.length === 4 && factors.every((one) => Number.isInteger(one) && one >= 1);
  return isWhole && isSupported(images) ? factors : undefined;
}

/** Whether they are images of the same batch and channels. */
function isOf(images: TensorInfo, dy: TensorInfo): boolean {
  const isImage = images.shape.length === 4 && dy.shape.length === 4 && isSupported(images, dy);
  return isImage && images.shape[0] === dy.shape[0] && images.shape[3] === dy.shape[3];
}

function isSmall(images: TensorInfo, size: readonly number[]): boolean {
  const [, height, width] = images.shape as Image;
  const isLength = size.length === 2 && size.every((one) => Number.isInteger(one) && one >= 1 && one <= LONGEST_RESULT);
  return images.shape.length === 4 && isSupported(images) && isLength && Math.max(height, width) <= LONGEST_SIDE;
}

/** The tensor under another shape, in its place. */
function shapedAs(context: KernelContext, tensor: TensorInfo, shape: number[]): TensorInfo {
  const out = reshaped(context, tensor, shape);
  free(context, tensor);
  return out;
}

/** Sums along the middle one of three axes; frees its argument. */
function summed(context: KernelContext, x: TensorInfo): TensorInfo {
  const out = call(context, Sum, { x }, { axis: 1, keepDims: false });
  free(context, x);
  return out;
}

/** Rows, then columns, each by the matrix [large, small] of their weights, or by that transposed. */
function multiplied(
  context: KernelContext,
  x: TensorInfo,
  [height, width]: readonly [number, number],
  [tall, wide]: readonly [number, number],
  attrs: Parameters<Kernel['run']>[2],
  isTransposed: boolean,
): TensorInfo {
  const [batch, fromHeight, fromWidth, channels] = x.shape as Image;
  const [toHeight, toWidth] = isTransposed ? [height, width] : [tall, wide];
  const product = (from: TensorInfo, shape: number[], small: number, large: number) => {
    const weights = weightsOf(small, large, attrs as unknown as ResizeAttrs);
    const a = context.backend.makeOutput([1, large, small], 'float32', undefined, weights);
    const b = reshaped(context, from, shape);
    const out = call(context, BatchMatMul, { a, b }, { transposeA: isTransposed, transposeB: false });
    free(context, a, b);
    return out;
  };
  const rows = product(x, [batch, fromHeight, fromWidth * channels], height, tall);
  const columns = product(rows, [batch * toHeight, fromWidth, channels], width, wide);
  free(context, rows);
  return shapedAs(context, columns, [batch, toHeight, toWidth, channels]);
}

/** How much each of `small` pixels counts in each of `large`, which lie between them. */
function weightsOf(small: number, large: number, { alignCorners, halfPixelCenters }: ResizeAttrs): Float32Array {
  const isByEnds = alignCorners && large > 1;
  const step = isByEnds ? (small - 1) / (large - 1) : small / large;
  const weights = new Float32Array(large * small);
  for (let i = 0; i < large; i++) {
    const at = halfPixelCenters ? step * (i + 0.5) - 0.5 : step * i;
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(small - 1, Math.ceil(at));
    const share = at - low;
    for (const [place, weight] of [
      [low, 1 - share],
      [high, share],
    ] as const) {
      weights[i * small + place] = (weights[i * small + place] as number) + weight;
    }
  }
  return weights;
}
