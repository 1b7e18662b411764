import { transposed } from '../../core/transposed.ts';
import { axisOf, type Shape } from '../../onnx/shapes/tensor.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Builder, Constant, OperatorImport, Step, Value } from './operator.ts';

/** The name of the batch's length during shape inference. */
export const BATCH = 'limbeck.batch';

/** The model's axes of an image with channels last: [B, C, H, W] → [0, 2, 3, 1]. */
export function channelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** All axes of a value with one moved to the end. Missing axes come before it. */
export function withLast({ axes, rank }: Value, last: number): number[] {
  return [...complete({ axes, rank }).filter((axis) => axis !== last), last];
}

/** All axes of the model. Missing ones come last, or in the model's order if the value's own are in that order. */
export function complete({ axes, rank }: Pick<Value, 'axes' | 'rank'>): number[] {
  const missing = Array.from({ length: rank }, (_, i) => i).filter((axis) => !axes.includes(axis));
  if (missing.length === 0) return [...axes];
  const isSorted = axes.every((axis, i) => i === 0 || axis > (axes[i - 1] as number));
  if (isSorted) return Array.from({ length: rank }, (_, i) => i);
  const [first, ...others] = axes as [number, ...number[]];
  return others.at(-1) === 1 ? [first, ...others.slice(0, -1), ...missing, 1] : [...axes, ...missing];
}

/** The lengths of a tensor with these axes of a shape; null if free. */
export function lengthsAt(shape: Shape, axes: readonly number[]): (number | null)[] {
  return axes.map((axis) => (typeof shape[axis] === 'number' ? (shape[axis] as number) : null));
}

/** The model's shape of an output; `refuseUnknown` ensured that it is known. */
export function outputShape(step: Step, index = 0): Shape {
  return step.outputs[index]?.shape ?? [];
}

/** An axis from the front. */
export function frontAxis(axis: number, rank: number): number {
  return axisOf(axis, rank) ?? 0;
}

/** A constant with its axes in another order, as the weight of a layer. */
export function turnedConstant(constant: Constant, order: readonly number[]): Constant {
  return { ...constant, ...transposed(constant, order) };
}

/** The sentence for an input that must be stored in the file; undefined if it is. */
export function refuseComputed(step: Step, index: number, what: string): string | undefined {
  return step.constant(index) === undefined ? `its ${what} are computed, not stored` : undefined;
}

/** The sentence for shapes that do not follow from those of the inputs. */
export function refuseUnknown({ inputs, outputs }: Step): string | undefined {
  const isKnown = inputs[0]?.shape != null && outputs[0]?.shape != null;
  return isKnown ? undefined : 'its shape cannot be worked out; fix the lengths of the inputs with inputShapes';
}

/** An operator from one tensor to one with the same axes. */
export function elementwise(
  build: (step: Step, builder: Builder, x: SymbolicTensor) => SymbolicTensor,
): OperatorImport {
  return {
    build(step, builder) {
      const value = builder.value(step, 0);
      return [{ ...value, tensor: build(step, builder, value.tensor) }];
    },
  };
}

/** A float32 attribute as a person writes it: 0.9, not 0.8999999761581421. */
export function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === Math.fround(value) ? short : value;
}
