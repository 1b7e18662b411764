// What the tests of the optimizers share. Only tests import this file.
import * as tf from '../runtime/tf.ts';
import type { StepOptimizer } from './stepOptimizer.ts';

/** Matrices, a vector and a scalar; one larger than a block of 16,384 values. */
export const SHAPES = [[3, 7], [7], [], [130, 129]];

export function variablesOf(shapes: readonly number[][] = SHAPES): tf.Variable[] {
  return shapes.map((shape, i) => tf.tidy(() => tf.variable(tf.randomUniform(shape, -1, 1, 'float32', i + 1))));
}

/** Steps along gradients that depend on the step number only. */
export function follow(optimizer: StepOptimizer, variables: readonly tf.Variable[], steps: readonly number[]): void {
  for (const step of steps) {
    tf.tidy(() => {
      const gradientOf = ({ shape }: tf.Variable, i: number) =>
        tf.randomUniform(shape, -1, 1, 'float32', 100 * step + i + 1);
      optimizer.applyGradients(
        variables.map((variable, i) => ({ name: variable.name, tensor: gradientOf(variable, i) })),
      );
    });
  }
}

export const valuesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => tensor.dataSync().slice());
