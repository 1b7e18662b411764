// Random cases of pooling and of the average's gradient.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { convGeometry, isAffordableWindow, type WindowAttrs, windowFields, withRounding } from './attributeCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

/** A window wholly in the padding has no largest value and no average; what is made of those is tested by name. */
const poolAttrs = withRounding(fc.record(windowFields)).filter(
  (attrs) => isAffordableWindow(attrs) && !isBeside(attrs),
);

function isBeside(attrs: WindowAttrs): boolean {
  const { padInfo, ...info } = convGeometry(attrs);
  const isOutside = (length: number, out: number, window: number, stride: number, before: number) =>
    window <= before || (out - 1) * stride - before >= length;
  return (
    isOutside(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, padInfo.top) ||
    isOutside(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, padInfo.left)
  );
}

type Pooling = typeof tf.maxPool | typeof tf.avgPool;

function pooling(pool: Pooling, { window, strides, padding, rounding }: WindowAttrs, x: tf.Tensor): tf.Tensor {
  // Declared without explicit padding, which it takes all the same.
  return pool(x as tf.Tensor4D, window, strides, padding as number, rounding);
}

const maxPoolCases = casesOf<WindowAttrs>({
  kernelName: tf.MaxPool,
  attrs: poolAttrs,
  inputShapes: (attrs) => [convGeometry(attrs).inShape],
  depth: () => 1,
  run: (attrs, [x]) => pooling(tf.maxPool, attrs, x),
});

const avgPoolCases = casesOf<WindowAttrs>({
  kernelName: tf.AvgPool,
  attrs: poolAttrs,
  inputShapes: (attrs) => [convGeometry(attrs).inShape],
  depth: ({ window }) => sizeOf(window),
  run: (attrs, [x]) => pooling(tf.avgPool, attrs, x),
});

const avgPoolGradCases = casesOf<WindowAttrs>({
  kernelName: tf.AvgPoolGrad,
  attrs: poolAttrs.filter(({ padding }) => !Array.isArray(padding)),
  inputShapes: (attrs) => [convGeometry(attrs).inShape, convGeometry(attrs).outShape],
  // Whole values reach 4, and are divided: four times the error of fractions.
  depth: ({ window }) => 4 * sizeOf(window) + 24,
  isFallback: () => true,
  run: (attrs, [x, dy]) => tf.grad((input) => pooling(tf.avgPool, attrs, input))(x, dy),
  /** Each window's gradient over its count, which a convolution with ones finds, summed by the transposed convolution. */
  reference({ window, strides, padding, rounding }, [x, dy]) {
    const [images, height, width, channels] = x.shape as [number, number, number, number];
    const shares = tf.ones<tf.Rank.R4>([...window, 1, 1]);
    const counts = tf.conv2d(tf.ones<tf.Rank.R4>([1, height, width, 1]), shares, strides, padding, 'NHWC', 1, rounding);
    const attrs = { strides, pad: padding, dataFormat: 'NHWC', dimRoundingMode: rounding };
    const maps = tf.transpose(tf.div(dy, counts), [0, 3, 1, 2]);
    const [outHeight, outWidth] = dy.shape.slice(1, 3) as [number, number];
    const inputShape = [images * channels, height, width, 1];
    const spread = tf
      .engine()
      .runKernel(
        tf.Conv2DBackpropInput,
        { dy: tf.reshape(maps, [images * channels, outHeight, outWidth, 1]), filter: shares },
        { ...attrs, inputShape } as unknown as tf.NamedAttrMap,
      ) as tf.Tensor;
    return tf.transpose(tf.reshape(spread, [images, channels, height, width]), [0, 2, 3, 1]);
  },
});

export const poolCases: readonly KernelCases[] = [maxPoolCases, avgPoolCases, avgPoolGradCases];
