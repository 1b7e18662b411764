// Random cases of fake quantization: tfjs's operations round in the same places, so whole values agree to the last bit.
import fc from 'fast-check';
import { fakeQuantize, fakeQuantizeWeights, movingRange } from '../../ops/fakeQuantize.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const sizes = fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000, 4096, 4097, 9000);

interface ValueAttrs {
  readonly size: number;
  readonly levels: number;
  /** The range in powers of two, so that a step is one too and a quotient exact: no tie is broken by a rounding. */
  readonly least: number;
  readonly most: number;
}

const valueAttrs: fc.Arbitrary<ValueAttrs> = fc.record({
  size: sizes,
  levels: fc.constantFrom(255, 15, 3),
  least: fc.constantFrom(0, -0.25, -1, -8, 1),
  most: fc.constantFrom(0, 0.5, 1, 16, -1),
});

/** The width of the range is `levels` times a power of two. */
function rangeOf({ levels, least, most }: ValueAttrs): tf.Tensor {
  return tf.tensor1d([(least * levels) / 16, (most * levels) / 16 - (least * levels) / 16]);
}

const values = casesOf<ValueAttrs>({
  kernelName: 'FakeQuantize',
  attrs: valueAttrs,
  inputShapes: ({ size }) => [[size]],
  depth: () => 0,
  run: (of, [x]) => fakeQuantize(x, rangeOf(of), of.levels),
});

const gradients = casesOf<ValueAttrs>({
  kernelName: 'FakeQuantizeGrad',
  attrs: valueAttrs,
  inputShapes: ({ size }) => [[size], [size]],
  depth: () => 0,
  run: (of, [x, dy]) => tf.grad((value: tf.Tensor) => fakeQuantize(value, rangeOf(of), of.levels))(x, dy),
});

const ranges = casesOf<{ readonly size: number; readonly momentum: number; readonly isFirst: boolean }>({
  kernelName: 'MovingRange',
  attrs: fc.record({ size: sizes, momentum: fc.constantFrom(0, 0.9, 0.99, 0.123), isFirst: fc.boolean() }),
  inputShapes: ({ size }) => [[size], [2]],
  depth: () => 0,
  run: ({ momentum, isFirst }, [x, range]) => movingRange(x, isFirst ? tf.zeros([2]) : range, momentum),
});

interface WeightAttrs {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly levels: number;
  readonly isPerChannel: boolean;
  readonly hasFactors: boolean;
}

const weights = casesOf<WeightAttrs>({
  kernelName: 'FakeQuantizeWeights',
  attrs: fc.record({
    outer: fc.constantFrom(1, 2, 9, 30),
    channels: fc.constantFrom(1, 3, 15, 16, 17, 40),
    inner: fc.constantFrom(1, 1, 2, 5),
    levels: fc.constantFrom(127, 7, 1),
    isPerChannel: fc.boolean(),
    hasFactors: fc.boolean(),
  }),
  inputShapes: ({ outer, channels, inner }) => [[outer, channels, inner], [channels]],
  depth: () => 0,
  run: ({ hasFactors, levels, channels, inner, isPerChannel }, [x, factors]) =>
    fakeQuantizeWeights(x, { levels, channels, inner, isPerChannel }, hasFactors ? factors : undefined),
});

export const fakeQuantizeCases: readonly KernelCases[] = [values, gradients, ranges, weights];
