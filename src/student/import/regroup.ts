import type { Shape } from '../../onnx/shapes/tensor.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Builder, Step, Value } from './operator.ts';
import { complete, lengthsAt } from './placing.ts';

/** The axes that a Reshape changes, between those that it keeps at the front and at the end. */
interface Middle {
  readonly front: number;
  readonly back: number;
  readonly from: Shape;
  readonly to: Shape;
}

/** A value with other axes over the same elements, with as few layers as its axis order allows. */
export function regroup(step: Step, builder: Builder, value: Value, from: Shape, to: Shape): Value {
  const moved = onesMoved(builder, value, from, to);
  if (moved !== undefined) return moved;
  const middle = middleOf(from, to);
  const last = from.length - middle.back;
  const isInside = (axis: number) => axis >= middle.front && axis < last;
  const shift = to.length - from.length;
  const renumbered = (axis: number) => (axis >= last ? axis + shift : axis);
  const made = middle.to.map((_, i) => middle.front + i);
  const flat = flattenedAsItLies(step, builder, value, middle, to);
  if (flat !== undefined) return flat;
  const axes = ordered(value, isInside);
  const tensor = builder.arrange(value, axes);
  const at = axes.findIndex(isInside);
  const count = axes.filter(isInside).length;
  const result = [...axes.slice(0, at), ...made, ...axes.slice(at + count)].map((axis, i) =>
    i >= at && i < at + made.length ? axis : renumbered(axis),
  );
  const sources = axes.map((axis, i) => (isInside(axis) ? undefined : i));
  const target = [...sources.slice(0, at), ...made.map(() => undefined), ...sources.slice(at + count)];
  return { tensor: reshape(step, builder, tensor, target, lengthsAt(to, result)), axes: result, rank: to.length };
}

/** If only axes of length 1 are added, removed or moved, the axes are renumbered and nothing is computed. */
function onesMoved(builder: Builder, value: Value, from: Shape, to: Shape): Value | undefined {
  const [others, targets] = [from, to].map((shape) => shape.flatMap((length, i) => (length === 1 ? [] : [i]))) as [
    number[],
    number[],
  ];
  const isAlike =
    others.length === targets.length && others.every((axis, i) => isSame(from[axis], to[targets[i] as number]));
  if (!isAlike) return undefined;
  const ones = to.flatMap((length, i) => (length === 1 ? [i] : []));
  const renumbered = new Map(others.map((axis, i) => [axis, targets[i] as number]));
  for (const axis of value.axes) {
    const one = from[axis] === 1 ? ones.pop() : undefined;
    if (one !== undefined) renumbered.set(axis, one);
  }
  const axes = value.axes.filter((axis) => renumbered.has(axis));
  const isHeld = axes.length === value.axes.length;
  return {
    tensor: isHeld ? value.tensor : builder.arrange(value, axes),
    axes: axes.map((axis) => renumbered.get(axis) as number),
    rank: to.length,
    ...(isHeld && value.shuffle !== undefined && { shuffle: value.shuffle }),
  };
}

function middleOf(from: Shape, to: Shape): Middle {
  let front = 0;
  while (front < from.length && front < to.length && isSame(from[front], to[front])) front++;
  let back = 0;
  const most = Math.min(from.length, to.length) - front;
  while (back < most && isSame(from.at(-1 - back), to.at(-1 - back))) back++;
  return { front, back, from: from.slice(front, from.length - back), to: to.slice(front, to.length - back) };
}

function isSame(a: Shape[number] | undefined, b: Shape[number] | undefined): boolean {
  return a !== null && a !== undefined && a === b;
}

/** A value's axes with those of the group adjacent, in the model's order. */
function ordered(value: Value, isInside: (axis: number) => boolean): number[] {
  const axes = value.axes.some(isInside) ? [...value.axes] : complete(value);
  const places = axes.map((axis, i) => (isInside(axis) ? i : -1)).filter((i) => i >= 0);
  const isTogether = places.every((place, i) => i === 0 || place === (places[i - 1] as number) + 1);
  const isSorted = places.every(
    (place, i) => i === 0 || (axes[place] as number) > (axes[places[i - 1] as number] as number),
  );
  if (isTogether && isSorted) return axes;
  return axes.sort((a, b) => a - b);
}

/** [B, …] → [B, F] without a Permute: the value remembers the order of its elements. */
function flattenedAsItLies(
  step: Step,
  builder: Builder,
  value: Value,
  { front, back, from }: Middle,
  to: Shape,
): Value | undefined {
  const inner = value.axes.slice(1);
  const isSorted = inner.every((axis, i) => i === 0 || axis > (inner[i - 1] as number));
  const isFlat = to.length === 2 && front === 1 && back === 0 && value.axes[0] === 0 && value.shuffle === undefined;
  const lengths = from.map((length) => (typeof length === 'number' ? length : 0));
  if (!isFlat || inner.length < 2 || lengths.includes(0)) return undefined;
  const { tf, apply, name } = builder;
  const tensor = apply(tf.layers.flatten({ name: name(step) }), value.tensor);
  if (isSorted) return { tensor, axes: [0, 1], rank: 2 };
  // Missing axes have length 1.
  const missing = from.map((_, i) => i + 1).filter((axis) => !inner.includes(axis));
  return { tensor, axes: [0, 1], rank: 2, shuffle: { lengths, order: [...inner, ...missing].map((axis) => axis - 1) } };
}

/** Each length is that of a tensor axis or, if undefined, the number in `shape` or what is left. */
function reshape(
  step: Step,
  builder: Builder,
  x: SymbolicTensor,
  from: readonly (number | undefined)[],
  shape: readonly (number | null)[],
): SymbolicTensor {
  const { tf, apply, name } = builder;
  const known = shape.map((length, i) => length ?? (from[i] === undefined ? null : (x.shape[from[i]] ?? null)));
  if (from[0] === 0 && known.slice(1).filter((one) => one === null).length <= 1) {
    return apply(tf.layers.reshape({ targetShape: known.slice(1).map((one) => one ?? -1), name: name(step) }), x);
  }
  const lengths = known.map((length, i) => length ?? (from[i] === undefined ? -1 : -2 - (from[i] as number)));
  return builder.operate(step, { operator: 'reshape', operands: [x], attributes: { shape: lengths }, shape: known });
}
