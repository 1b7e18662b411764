// Random cases of the functions of one tensor, and of their gradients.
import fc from 'fast-check';
import { gelu } from '../../ops/gelu.ts';
import { hardSigmoid } from '../../ops/hardSigmoid.ts';
import { hardSwish } from '../../ops/hardSwish.ts';
import { kernelOr } from '../../ops/kernelOr.ts';
import { silu } from '../../ops/silu.ts';
import * as tf from '../../tf.ts';
import { curveByHand } from './attributeCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface UnaryAttrs {
  readonly shape: readonly number[];
  readonly scale: number;
  readonly alpha: number;
}

interface UnaryFunction {
  readonly kernelName: string;
  readonly compute: (x: tf.Tensor, attrs: UnaryAttrs) => tf.Tensor;
  /** Whether both backends take the same correctly rounded steps, so that whole values give the very same number. */
  readonly isExact?: boolean;
  readonly hasGradient?: boolean;
  /** The largest result, or what is lost in tfjs's own formula, in units of one; 1 where nothing is said. */
  readonly reach?: (attrs: UnaryAttrs) => number;
}

/** So that nothing is divided by zero, and no root is taken of less. */
const above = (x: tf.Tensor) => tf.add(tf.abs(x), 0.25);
/** Values are 4 · scale at most. tfjs's error function is off by 1.5e-7, and more in its slope. */
const byScale = ({ scale }: UnaryAttrs) => 16 * scale;

const functions: readonly UnaryFunction[] = [
  { kernelName: tf.Relu, compute: tf.relu, isExact: true, hasGradient: true },
  { kernelName: tf.Relu6, compute: tf.relu6, isExact: true, hasGradient: true },
  { kernelName: tf.LeakyRelu, compute: (x, { alpha }) => tf.leakyRelu(x, alpha), isExact: true, hasGradient: true },
  { kernelName: tf.Elu, compute: tf.elu, hasGradient: true, reach: byScale },
  { kernelName: tf.Sigmoid, compute: tf.sigmoid, hasGradient: true },
  { kernelName: tf.Tanh, compute: tf.tanh, hasGradient: true },
  { kernelName: tf.Exp, compute: tf.exp, reach: ({ scale }) => 8 * Math.exp(4 * scale) },
  { kernelName: tf.Step, compute: (x, { alpha }) => tf.step(x, alpha), isExact: true },
  { kernelName: 'Gelu', compute: (x) => gelu(x), hasGradient: true, reach: byScale },
  { kernelName: 'GeluTanh', compute: (x) => gelu(x, 'tanh'), hasGradient: true, reach: byScale },
  { kernelName: 'Silu', compute: silu, hasGradient: true, reach: byScale },
  { kernelName: 'HardSwish', compute: hardSwish, hasGradient: true, reach: byScale },
  { kernelName: 'HardSigmoid', compute: (x, { alpha }) => hardSigmoid(x, alpha), hasGradient: true },
  { kernelName: tf.Sqrt, compute: (x) => tf.sqrt(above(x)), isExact: true },
  { kernelName: tf.Rsqrt, compute: (x) => tf.rsqrt(above(x)), hasGradient: true, reach: byScale },
  { kernelName: 'Line', compute: (x, attrs) => curved('Line', x, attrs), reach: byScale },
  { kernelName: 'Gate', compute: (x, attrs) => curved('Gate', x, attrs), reach: byScale },
  { kernelName: tf.Neg, compute: tf.neg, isExact: true },
  { kernelName: tf.Square, compute: tf.square, isExact: true, reach: ({ scale }) => 16 * scale * scale },
  { kernelName: tf.Abs, compute: tf.abs, isExact: true },
  { kernelName: tf.Log, compute: (x) => tf.log(above(x)) },
  { kernelName: tf.Floor, compute: tf.floor, isExact: true },
  { kernelName: tf.Softplus, compute: tf.softplus, reach: byScale },
];

/** A clipped line by the kernel's name, and on other backends by hand. */
function curved(kernelName: string, x: tf.Tensor, { alpha }: UnaryAttrs): tf.Tensor {
  const curve = { slope: alpha - 0.125, offset: 0.5, low: -0.25, high: 0.75, shift: alpha };
  return kernelOr(kernelName, { x }, { curve }, () => curveByHand(kernelName === 'Gate', x, curve));
}

/** Lengths around a vector (4), around what a part is dealt (16), and enough for several parts. */
const length = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 200);

const attrs: fc.Arbitrary<UnaryAttrs> = fc.record({
  shape: fc.oneof(
    length.map((size) => [size]),
    fc.tuple(fc.integer({ min: 1, max: 3 }), length),
    fc.constant<number[]>([]),
  ),
  scale: fc.constantFrom(1, 2, 4),
  alpha: fc.constantFrom(0, 0.25, 0.5),
});

function casesOfFunction({ kernelName, compute, isExact = false, reach = () => 4, hasGradient }: UnaryFunction) {
  const shared = { attrs, depth: reach, isFallback: () => !isExact };
  const forward = casesOf<UnaryAttrs>({
    ...shared,
    kernelName,
    inputShapes: ({ shape }) => [shape],
    run: (value, [x]) => compute(tf.mul(x, value.scale), value),
  });
  const backward = casesOf<UnaryAttrs>({
    ...shared,
    kernelName: `${kernelName}Grad`,
    inputShapes: ({ shape }) => [shape, shape],
    run: (value, [x, dy]) => {
      const scaled = tf.mul(x, value.scale);
      return tf.grad((input) => compute(input, value))(isExact ? scaled : awayFromKinks(scaled), dy);
    },
  });
  return hasGradient ? [forward, backward] : [forward];
}

/** hardSwish and hardSigmoid bend at whole values, which rounding reaches from either side. */
function awayFromKinks(x: tf.Tensor): tf.Tensor {
  return tf.add(x, 0.0625);
}

export const unaryCases: readonly KernelCases[] = functions.flatMap(casesOfFunction);
