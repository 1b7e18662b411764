import type { SymbolicTensor } from '../../runtime/tf.ts';
import { onnxOperator } from '../layers/onnxOperator.ts';
import type { Builder, Shuffle, Value } from './operator.ts';

type Lengths = readonly (number | null)[];

/** Results of arranging a value, so that each is made once. */
const arranged = new WeakMap<object, Map<string, SymbolicTensor>>();

/**
 * The tensor of a value with exactly these axes of the model, in this order. Missing axes get length 1; other axes of length
 * 1 are removed.
 */
export function arrangeValue(builder: Builder, value: Value, axes: readonly number[]): SymbolicTensor {
  if (value.shuffle === undefined && isSame(value.axes, axes)) return value.tensor;
  const known = arranged.get(value.tensor) ?? new Map<string, SymbolicTensor>();
  arranged.set(value.tensor, known);
  const key = axes.join();
  const before = known.get(key);
  if (before !== undefined) return before;
  const steps = stepsOf(builder, (value.tensor.sourceLayer as { name: string }).name);
  let tensor = value.shuffle === undefined ? value.tensor : unshuffled(steps, value.tensor, value.shuffle);
  const kept = value.axes.filter((axis) => axes.includes(axis));
  if (kept.length < value.axes.length) {
    tensor = steps.reshape(
      tensor,
      places(value.axes, (axis) => kept.includes(axis)),
    );
  }
  const order = axes.filter((axis) => kept.includes(axis));
  if (!isSame(order, kept))
    tensor = steps.transpose(
      tensor,
      order.map((axis) => kept.indexOf(axis)),
    );
  if (axes.length > order.length) {
    tensor = steps.reshape(
      tensor,
      axes.map((axis) => (order.includes(axis) ? order.indexOf(axis) : undefined)),
    );
  }
  known.set(key, tensor);
  return tensor;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

function places(axes: readonly number[], isKept: (axis: number) => boolean): number[] {
  return axes.map((axis, i) => (isKept(axis) ? i : -1)).filter((i) => i >= 0);
}

/** Layers that move axes, each named after the layer before them. */
function stepsOf({ apply, tf, plainName }: Builder, source: string) {
  return {
    /** Each length of the result is that of a tensor axis, or 1 if undefined. */
    reshape(tensor: SymbolicTensor, from: readonly (number | undefined)[]): SymbolicTensor {
      const shape: Lengths = from.map((axis) => (axis === undefined ? 1 : (tensor.shape[axis] ?? null)));
      const name = plainName(`${source}_reshape`);
      if (from[0] === 0 && shape.slice(1).filter((one) => one === null).length <= 1) {
        return apply(tf.layers.reshape({ targetShape: shape.slice(1).map((one) => one ?? -1), name }), tensor);
      }
      const lengths = from.map((axis, i) => (axis === undefined ? 1 : (shape[i] ?? -2 - axis)));
      return apply(onnxOperator(tf, plan(name, 'reshape', { shape: lengths }, shape)), tensor);
    },
    transpose(tensor: SymbolicTensor, perm: readonly number[]): SymbolicTensor {
      const name = plainName(`${source}_permute`);
      if (perm[0] === 0) return apply(tf.layers.permute({ dims: perm.slice(1), name }), tensor);
      const shape = perm.map((axis) => tensor.shape[axis] ?? null);
      return apply(onnxOperator(tf, plan(name, 'transpose', { perm }, shape)), tensor);
    },
    split: (tensor: SymbolicTensor, lengths: readonly number[]) =>
      apply(tf.layers.reshape({ targetShape: [...lengths], name: plainName(`${source}_unflatten`) }), tensor),
    flatten: (tensor: SymbolicTensor) => apply(tf.layers.flatten({ name: plainName(`${source}_flatten`) }), tensor),
  };
}

function plan(name: string, operator: string, attributes: Record<string, readonly number[]>, shape: Lengths) {
  return { name, operator, attributes, operands: ['tensor'], numbers: [], weightPlans: [], shape } as const;
}

/** The flattened axis in the model's order. */
function unshuffled(steps: ReturnType<typeof stepsOf>, x: SymbolicTensor, { lengths, order }: Shuffle): SymbolicTensor {
  const cube = steps.split(
    x,
    order.map((one) => lengths[one] as number),
  );
  return steps.flatten(steps.transpose(cube, [0, ...lengths.map((_, i) => order.indexOf(i) + 1)]));
}
