// Random cases of larger images and of their gradients.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface EnlargingAttrs {
  readonly shape: readonly [number, number, number, number];
  readonly factors: readonly [number, number];
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

const side = fc.integer({ min: 1, max: 7 });
const factor = fc.constantFrom(1, 2, 3, 4);
const attrs: fc.Arbitrary<EnlargingAttrs> = fc.record({
  shape: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.constantFrom(1, 3, 4, 5, 16)),
  factors: fc.tuple(factor, factor),
  alignCorners: fc.boolean(),
  halfPixelCenters: fc.boolean(),
});
/** tfjs refuses both at once; its gradient knows corners only, and gives images that are not square the wrong shape. */
const linear = attrs.filter(({ alignCorners, halfPixelCenters }) => !(alignCorners && halfPixelCenters));
const withSlope = linear.filter(({ shape, halfPixelCenters }) => shape[1] === shape[2] && !halfPixelCenters);
const larger = ({ shape: [b, h, w, c], factors }: EnlargingAttrs) => [b, h * factors[0], w * factors[1], c] as const;
const sizeOf = (one: EnlargingAttrs) => larger(one).slice(1, 3) as [number, number];

const nearest = (one: EnlargingAttrs, x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, sizeOf(one));
const bilinear = (one: EnlargingAttrs, x: tf.Tensor) =>
  tf.image.resizeBilinear(x as tf.Tensor4D, sizeOf(one), one.alignCorners, one.halfPixelCenters);

export const enlargingCases: readonly KernelCases[] = [
  casesOf<EnlargingAttrs>({
    kernelName: tf.ResizeNearestNeighbor,
    attrs,
    inputShapes: ({ shape }) => [shape],
    depth: () => 1,
    run: (one, [x]) => nearest(one, x),
  }),
  casesOf<EnlargingAttrs>({
    kernelName: tf.ResizeNearestNeighborGrad,
    attrs,
    inputShapes: (one) => [one.shape, larger(one)],
    depth: ({ factors }) => factors[0] * factors[1],
    run: (one, [x, dy]) => tf.grad((input) => nearest(one, input))(x, dy),
    /** tfjs's own takes the first example's slopes for those of all. */
    reference: ({ shape: [b, h, w, c], factors }, [, dy]) =>
      tf.sum(tf.reshape(dy, [b, h, factors[0], w, factors[1], c]), [2, 4]),
  }),
  casesOf<EnlargingAttrs>({
    kernelName: tf.ResizeBilinear,
    attrs: linear,
    inputShapes: ({ shape }) => [shape],
    depth: () => 4,
    isFallback: () => true,
    run: (one, [x]) => bilinear(one, x),
  }),
  casesOf<EnlargingAttrs>({
    kernelName: tf.ResizeBilinearGrad,
    attrs: withSlope,
    inputShapes: (one) => [one.shape, larger(one)],
    // Whole values reach 4, and each pixel counts in up to two of every larger one around it.
    depth: ({ factors }) => 16 * factors[0] * factors[1],
    isFallback: () => true,
    run: (one, [x, dy]) => tf.grad((input) => bilinear(one, input))(x, dy),
  }),
];
