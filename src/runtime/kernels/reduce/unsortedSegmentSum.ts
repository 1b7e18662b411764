import { type TensorInfo, UnsortedSegmentSum } from '../../tf.ts';
import { outOfMemory } from '../allocation.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/**
 * Sums of rows by their segment: the gradient of gathering and of every embedding.
 * Shapes    x [N, …], segmentIds [N] → [numSegments, …]
 * Units     x float32, segmentIds int32; segments outside [0, numSegments) are ignored
 * Throws    out-of-memory: more segments than the heap has room for; other dtypes and ranks fall back to tfjs
 * Source    tfjs UnsortedSegmentSum
 */
export const unsortedSegmentSum: Kernel = {
  kernelName: UnsortedSegmentSum,
  run({ backend, pool, address }, inputs, attrs) {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = attrs as unknown as { numSegments: number };
    const [rows, ...sliceShape] = x.shape;
    const slice = sliceShape.reduce((product, length) => product * length, 1);
    // More than the heap holds; tfjs's cpu backend would loop over all of them.
    if (numSegments >= 2 ** 30) throw outOfMemory(slice * numSegments * 4);
    if (!isSupported(x) || rows === undefined || !(numSegments >= 1)) return undefined;
    if (segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1 || segmentIds.shape[0] !== rows) return undefined;
    if (slice * numSegments >= 2 ** 28 || !Number.isInteger(numSegments)) return undefined;
    const out = backend.makeOutput([numSegments, ...sliceShape], 'float32');
    const words = [address(x), address(segmentIds), address(out), rows, slice, numSegments];
    pool.run('segmentSum', words, (rows + numSegments) * slice * 2);
    return out;
  },
};
