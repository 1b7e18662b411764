import { transposed } from '../../core/transposed.ts';
import { axisOf, type Shape } from '../../onnx/shapes/tensor.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Builder, Constant, OperatorImport, Step, Value } from './operator.ts';

/** What the batch's length is called while shapes are inferred. */
export const BATCH = 'limbeck.batch';

/** The model's axes of an image with channels last: [B, C, H, W] → [0, 2, 3, 1]. */
export function channelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** A value's axes, all of them, with one moved to the end. Those that it lacks come before it. */
export function withLast({ axes, rank }: Value, last: number): number[] {
  return [...complete({ axes, rank }).filter((axis) => axis !== last), last];
}

/** All axes of the model, those that a value lacks after the others, or in the model's order where its own are so. */
export function complete({ axes, rank }: Pick<Value, 'axes' | 'rank'>): number[] {
  const missing = Array.from({ length: rank }, (_, i) => i).filter((axis) => !axes.includes(axis));
  if (missing.length === 0) return [...axes];
  const isSorted = axes.every((axis, i) => i === 0 || axis > (axes[i - 1] as number));
  if (isSorted) return Array.from({ length: rank }, (_, i) => i);
  const [first, ...others] = axes as [number, ...number[]];
  return others.at(-1) === 1 ? [first, ...others.slice(0, -1), ...missing, 1] : [...axes, ...missing];
}

/** The lengths of a tensor whose axes are these of a shape; null where one is free. */
export function lengthsAt(shape: Shape, axes: readonly number[]): (number | null)[] {
  return axes.map((axis) => (typeof shape[axis] === 'number' ? (shape[axis] as number) : null));
}

/** The model's shape of an output, which `refuseUnknown` has made sure of. */
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

/** The sentence for an input that has to be stored in the file; undefined where it is. */
export function refuseComputed(step: Step, index: number, what: string): string | undefined {
  return step.constant(index) === undefined ? `its ${what} are computed, not stored` : undefined;
}

/** The sentence for shapes that do not follow from those of the inputs. */
export function refuseUnknown({ inputs, outputs }: Step): string | undefined {
  const isKnown = inputs[0]?.shape != null && outputs[0]?.shape != null;
  return isKnown ? undefined : 'its shape cannot be worked out; fix the lengths of the inputs with inputShapes';
}

/** An operator that takes one tensor and gives one of the same axes. */
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
