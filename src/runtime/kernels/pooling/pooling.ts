import { backend_util, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo } from '../../tf.ts';
import { canSlide, requireSteps } from '../conv/windows.ts';
import { isSupported, type KernelContext } from '../kernel.ts';

export type PoolSizes = backend_util.Conv2DInfo;

/** What tfjs passes to a 2-D pooling and its gradient; its kernels have no dilation. */
export interface PoolAttrs {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Sizes of a pooling, or `undefined` for what is left to tfjs. */
export function poolSizesOf(xShape: readonly number[], attrs: PoolAttrs): PoolSizes | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  requireSteps(strides);
  if (xShape.length !== 4) return undefined;
  const shape = xShape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return canSlide(info) && info.outHeight > 0 && info.outWidth > 0 ? info : undefined;
}

/** Words of `wasm/pooling/layout.ts`. */
export function poolWords(from: number, to: number, info: PoolSizes): number[] {
  return [
    ...[from, to, info.batchSize, info.inChannels, info.inHeight, info.inWidth, info.outHeight, info.outWidth],
    ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
    ...[info.padInfo.top, info.padInfo.left],
  ];
}

/** The values that the windows touch. */
export function poolWork(info: PoolSizes): number {
  const windows = info.batchSize * info.outHeight * info.outWidth;
  return windows * info.inChannels * info.filterHeight * info.filterWidth;
}

export function isPooled(info: PoolSizes, shape: readonly number[]): boolean {
  return shape.length === 4 && info.outShape.every((length, i) => length === shape[i]);
}

/** The maxima or averages of all windows, or `undefined` for what is left to tfjs. */
export function pooled(
  { backend, pool, address }: KernelContext,
  kernel: 'maxPool' | 'avgPool',
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap | undefined,
): TensorInfo | undefined {
  const { x } = inputs as { x: TensorInfo };
  const info = isSupported(x) ? poolSizesOf(x.shape, attrs as unknown as PoolAttrs) : undefined;
  if (info === undefined) return undefined;
  if (isIdentity(info)) {
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }
  const out = backend.makeOutput(info.outShape, 'float32');
  pool.run(kernel, poolWords(address(x), address(out), info), poolWork(info));
  return out;
}

/** Windows of one value that give as many values as there are: padding is then ignored, as in tfjs's cpu backend. */
function isIdentity(info: PoolSizes): boolean {
  const { filterHeight, filterWidth, inShape, outShape } = info;
  return filterHeight === 1 && filterWidth === 1 && inShape.every((length, i) => length === outShape[i]);
}
