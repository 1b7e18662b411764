import * as tf from '../../runtime/tf.ts';

/**
 * A tensor of the model as it is on the heap, where axis i is the model's axis `order[i]`. Images have channels last, and a
 * transposition only changes the order.
 */
export interface LayoutValue {
  readonly tensor: tf.Tensor;
  readonly order: readonly number[];
}

export function plainOrder(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i);
}

/** Batch, space, then channels. */
export function channelsLast(rank: number): number[] {
  return rank < 3 ? plainOrder(rank) : [0, ...plainOrder(rank).slice(2), 1];
}

export function plainValue(tensor: tf.Tensor): LayoutValue {
  return { tensor, order: plainOrder(tensor.rank) };
}

/** The shape as the model sees it. */
export function shapeOf({ tensor, order }: LayoutValue): number[] {
  const shape: number[] = [];
  order.forEach((axis, i) => {
    shape[axis] = tensor.shape[i] as number;
  });
  return shape;
}

/** The tensor with its axes in that order; if only axes of length 1 move, nothing is copied. */
export function inOrder(value: LayoutValue, order: readonly number[]): tf.Tensor {
  const { tensor } = value;
  const from = order.map((axis) => value.order.indexOf(axis));
  if (from.every((axis, i) => axis === i)) return tensor;
  const long = from.filter((axis) => tensor.shape[axis] !== 1);
  const isSame = long.every((axis, i) => i === 0 || axis > (long[i - 1] as number));
  if (isSame) return tensor.reshape(from.map((axis) => tensor.shape[axis] as number));
  return transposed(tensor, from);
}

/** Merges axes that stay together for the move: the kernel takes six. */
function transposed(tensor: tf.Tensor, perm: readonly number[]): tf.Tensor {
  const shape = perm.map((axis) => tensor.shape[axis] as number);
  if (tensor.rank <= 6) return tf.transpose(tensor, [...perm]);
  const runs: number[][] = [];
  for (const axis of perm) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === axis - 1) run.push(axis);
    else runs.push([axis]);
  }
  const sorted = [...runs].sort((a, b) => (a[0] as number) - (b[0] as number));
  const merged = sorted.map((run) => run.reduce((size, axis) => size * (tensor.shape[axis] as number), 1));
  const order = runs.map((run) => sorted.indexOf(run));
  return tf.transpose(tensor.reshape(merged), order).reshape(shape);
}

export function inPlain(value: LayoutValue): tf.Tensor {
  return inOrder(value, plainOrder(value.order.length));
}

/** The positions of the model's axes on the heap. */
export function heapAxes({ order }: LayoutValue, axes: readonly number[]): number[] {
  return axes.map((axis) => order.indexOf(axis));
}

/** The value without some of its axes of length 1. */
export function withoutAxes(value: LayoutValue, axes: readonly number[]): LayoutValue {
  const kept = value.order.filter((axis) => !axes.includes(axis));
  const lengths = kept.map((axis) => value.tensor.shape[value.order.indexOf(axis)] as number);
  const renumbered = kept.map((axis) => axis - axes.filter((one) => one < axis).length);
  return { tensor: value.tensor.reshape(lengths), order: renumbered };
}

/** The value with additional axes of length 1, at these places of the new shape. */
export function withAxes(value: LayoutValue, axes: readonly number[]): LayoutValue {
  const rank = value.order.length + axes.length;
  const old = plainOrder(rank).filter((axis) => !axes.includes(axis));
  const order = [...axes, ...value.order.map((axis) => old[axis] as number)];
  return { tensor: value.tensor.reshape([...axes.map(() => 1), ...value.tensor.shape]), order };
}

/** Values with one rank and one axis order, as broadcasting needs. */
export function aligned(values: readonly LayoutValue[]): { tensors: tf.Tensor[]; order: readonly number[] } {
  const rank = Math.max(...values.map(({ order }) => order.length));
  const full = values.map((value) => {
    const missing = rank - value.order.length;
    return missing === 0 ? value : withAxes(value, plainOrder(missing));
  });
  const [largest] = [...full].sort((a, b) => b.tensor.size - a.tensor.size);
  const { order } = largest as LayoutValue;
  return { tensors: full.map((value) => inOrder(value, order)), order };
}
