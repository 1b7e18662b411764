import { backend_util, GatherV2, type TensorInfo, util } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';

const LARGEST_SIZE = 2 ** 28;

/**
 * Slices of a tensor by their indices, along one axis.
 * Shapes    x […, D, …], indices […] → x's shape with D replaced by the indices' shape
 * Units     x float32 or int32, indices int32 in [0, D)
 * Throws    nothing: indices out of range, other dtypes and empty tensors are left to tfjs, which reports them
 * Source    tfjs GatherV2
 */
export const gatherV2: Kernel = {
  kernelName: GatherV2,
  run({ backend, pool, address }, inputs, attrs) {
    const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
    const { axis, batchDims } = attrs as unknown as { axis: number; batchDims?: number };
    if ((x.dtype !== 'float32' && x.dtype !== 'int32') || indices.dtype !== 'int32') return undefined;
    const [parsedAxis] = util.parseAxisParam(axis, x.shape) as [number];
    const { collectGatherOpShapeInfo } = backend_util.segment_util;
    const info = collectGatherOpShapeInfo(x as never, indices as never, parsedAxis, batchDims ?? 0);
    const size = util.sizeFromShape(info.outputShape);
    if (size === 0 || Math.max(size, util.sizeFromShape(x.shape)) >= LARGEST_SIZE) return undefined;
    const places = backend.typedArrayFromHeap(indices) as Int32Array;
    if (!places.every((place) => place >= 0 && place < info.dimSize)) return undefined;
    const { batchSize, outerSize, dimSize, sliceSize } = info;
    const isWhole =
      batchSize * outerSize * dimSize * sliceSize === util.sizeFromShape(x.shape) &&
      outerSize * sliceSize * places.length === size &&
      places.length % batchSize === 0;
    if (!isWhole) return undefined;
    // Before the heap may grow, which detaches the view.
    const count = places.length / batchSize;
    const out = backend.makeOutput(info.outputShape, x.dtype);
    const sizes = [batchSize, outerSize, dimSize, count, sliceSize];
    pool.run('gatherSlices', [address(x), address(indices), address(out), ...sizes], size * 2);
    return out;
  },
};
