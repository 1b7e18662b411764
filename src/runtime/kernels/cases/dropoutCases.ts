// Random cases of dropout: the mask is the same on both backends, so whole values give the very same numbers.
import fc from 'fast-check';
import { dropout } from '../../ops/dropout.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface DropoutAttrs {
  readonly size: number;
  readonly rate: number;
  readonly seed: number;
  readonly step: number;
  readonly isGradient: boolean;
}

const seededDropout = casesOf<DropoutAttrs>({
  kernelName: 'SeededDropout',
  attrs: fc.record({
    size: fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000),
    rate: fc.constantFrom(0, 0.1, 0.5, 0.9),
    seed: fc.integer(),
    step: fc.nat({ max: 1000 }),
    isGradient: fc.boolean(),
  }),
  inputShapes: ({ size }) => [[size], [size]],
  depth: () => 8,
  run({ rate, seed, step, isGradient }, [x, dy]) {
    const drop = (input: tf.Tensor) => dropout(input, rate, seed, step);
    return isGradient ? tf.grad(drop)(x, dy) : drop(x);
  },
});

export const dropoutCases: readonly KernelCases[] = [seededDropout];
