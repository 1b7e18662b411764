// Random cases of one step of every optimizer, over several tensors at once.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import { type StepNumbers, type StepParameter, type StepRule, optimizerStep as step } from '../../ops/optimizerStep.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface StepAttrs {
  readonly rule: StepRule;
  /** Of each tensor: its shape, and whether decay reaches it. */
  readonly tensors: readonly { readonly shape: readonly number[]; readonly isDecayed: boolean }[];
  readonly numbers: StepNumbers;
  /** Whether a clone shares the weights' data. */
  readonly isShared: boolean;
}

/** As many slots as any rule has. */
const SLOTS = 2;
const slotsOf: Readonly<Record<StepRule, number>> = {
  sgd: 0,
  momentum: 1,
  nesterov: 1,
  lion: 1,
  adam: 2,
  adamw: 2,
  lamb: 2,
};

// Around a vector, and around a block of 16,384 values.
const length = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(16_383, 16_384, 16_385, 40_001) },
);
const shape = fc.oneof(
  length.map((count) => [count]),
  fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).map((lengths) => [...lengths]),
  fc.constant([]),
);
const fraction = fc.constantFrom(0, 0.25, 0.5, 0.9, 0.999);

function valuesOf({ tensors }: StepAttrs): number {
  return tensors.reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0);
}

const stepCases = casesOf<StepAttrs>({
  kernelName: 'OptimizerStep',
  attrs: fc.record<StepAttrs>({
    rule: fc.constantFrom(...(Object.keys(slotsOf) as StepRule[])),
    tensors: fc.array(fc.record({ shape, isDecayed: fc.boolean() }), { minLength: 1, maxLength: 6 }),
    numbers: fc.record({
      step: fc.integer({ min: 1, max: 1000 }),
      learningRate: fc.constantFrom(0, 0.001, 0.01, 0.1),
      beta1: fraction,
      beta2: fraction,
      epsilon: fc.constantFrom(1e-3, 1e-7),
      weightDecay: fc.constantFrom(0, 0.01, 0.5),
      clipNorm: fc.constantFrom(undefined, 0.5, 3, 1e6),
    }) as fc.Arbitrary<StepNumbers>,
    isShared: fc.boolean(),
  }),
  // Weights, gradients and slots of all tensors behind one another.
  inputShapes: (attrs) => Array.from({ length: 2 + SLOTS }, () => [valuesOf(attrs)]),
  // Both ways round alike, so that only the last bit of a norm may differ: it moves m / (√v + ε), which is as large as
  // 2⁷ here, by 2⁻²⁴ of itself.
  depth: () => 2 ** 7,
  run: (attrs, [weights, gradients, ...slots]) => steppedValues(attrs, weights, gradients, slots),
  // LAMB's norms are sums of fractions, and their order is free.
  isFallback: ({ rule }) => rule === 'lamb',
});

/** New weights, then new slots, then the weights of the clones. */
function steppedValues(
  { rule, tensors, numbers, isShared }: StepAttrs,
  weights: tf.Tensor,
  gradients: tf.Tensor,
  slots: readonly tf.Tensor[],
): tf.Tensor {
  const clones: tf.Tensor[] = [];
  let at = 0;
  const parameters = tensors.map(({ shape, isDecayed }): StepParameter => {
    const size = sizeOf(shape);
    const cut = (values: tf.Tensor) => tf.reshape(tf.slice(values, at, size), [...shape]);
    const variable = tf.variable(cut(weights));
    if (isShared) clones.push(variable.clone());
    const parameter = {
      variable,
      gradient: cut(gradients),
      // Never negative: a second moment has a root.
      slots: slots.slice(0, slotsOf[rule]).map((values) => tf.variable(tf.abs(cut(values)), false)),
      isDecayed,
    };
    at += size;
    return parameter;
  });
  step(tf, { rule, parameters, numbers });
  const own = parameters.flatMap(({ variable, slots }) => [variable, ...slots]);
  const result = tf.concat([...own, ...clones].map((tensor) => tf.reshape(tensor, [-1])));
  tf.dispose(own);
  return result;
}

export const optimizerStepCases: readonly KernelCases[] = [stepCases];
