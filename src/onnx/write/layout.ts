import { formatShape, sizeOf } from '../../core/shape.ts';
import type { GraphBuilder } from './graphBuilder.ts';
import { heldShape, type Layout, type Lengths, type Value } from './graphValue.ts';

/** The value in the order of its keras shape: what Reshape, MatMul, LSTM and the like need. Costs nothing twice. */
export function plain(graph: GraphBuilder, value: Value): Value {
  if (value.layout === 'plain') return value;
  if (value.layout === 'channels-first') return inLayout(graph, value, 'plain');
  const known = graph.twins.get(value.name);
  if (known !== undefined) return known;
  const from = value.flattenedFrom ?? [];
  const open = { ...value, shape: [value.shape[0] ?? null, ...from], layout: 'channels-first' } as const;
  const cube = reshapeHeld(graph, value, { shape: open.shape, dtype: value.dtype, layout: 'channels-first' });
  const made = reshaped(graph, cube, value.shape);
  graph.twins.set(value.name, made);
  return made;
}

/** The value with its last axis second, as Conv and the poolings need it. A [B, F] is both and stays as it is. */
export function channelsFirst(graph: GraphBuilder, value: Value): Value {
  if (value.shape.length < 3 || value.layout === 'channels-first') return value;
  return inLayout(graph, value, 'channels-first');
}

/** Values of one rank in one layout, for merges: channels-first where any is held so, plain where ranks differ. */
export function sameLayout(graph: GraphBuilder, values: readonly Value[]): Value[] {
  const [first] = values;
  if (first === undefined || values.every((value) => isHeldAlike(value, first))) return [...values];
  const isFlat = values.some(({ layout }) => layout === 'flattened');
  const isOneRank = values.every(({ shape }) => shape.length === first.shape.length);
  const to = isFlat || !isOneRank ? plain : channelsFirst;
  return values.map((value) => to(graph, value));
}

/**
 * [B, H, W, C] → [B, H·W·C]: one Reshape. Numbers that are held channels-first stay so, and the value says it
 * ('flattened'); whoever reads it asks `plain`, or permutes its own weights as Dense does.
 */
export function flattened(graph: GraphBuilder, value: Value): Value {
  if (value.shape.length < 3) return value;
  const lengths = value.shape.slice(1);
  if (value.layout === 'plain' || lengths.some((length) => length === null) || isOneLong(value.shape)) {
    const size = lengths.some((length) => length === null) ? null : sizeOf(lengths as number[]);
    const from = isOneLong(value.shape) ? value : plain(graph, value);
    return reshapeHeld(graph, from, { shape: [value.shape[0] ?? null, size], dtype: value.dtype, layout: 'plain' });
  }
  const flattenedFrom = lengths as number[];
  const shape = [value.shape[0] ?? null, sizeOf(flattenedFrom)];
  return reshapeHeld(graph, value, { shape, dtype: value.dtype, layout: 'flattened', flattenedFrom });
}

/**
 * Reshape to another keras shape, in the order of the keras shape. At most one length may have to be found out; a free
 * batch or length in front of what changes is kept.
 */
export function reshaped(graph: GraphBuilder, value: Value, shape: Lengths): Value {
  return reshapeHeld(graph, plain(graph, value), { shape, dtype: value.dtype, layout: 'plain' });
}

/** Transpose of a plain value's keras axes, batch included. */
export function transposed(graph: GraphBuilder, value: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => value.shape[axis] ?? null);
  return graph.node('Transpose', [plain(graph, value)], { shape, dtype: value.dtype }, { perm: order });
}

/** The shape, without batch, in which a constant [H, W, C] of each example meets the value: [C, H, W] if held so. */
export function heldTail({ layout }: Value, shape: readonly number[]): number[] {
  return layout === 'channels-first' && shape.length > 1 ? [shape.at(-1) as number, ...shape.slice(0, -1)] : [...shape];
}

/** The numbers of such a constant in the order in which the value is held. */
export function heldData(value: Value, shape: readonly number[], data: Float32Array): Float32Array {
  if (value.layout === 'flattened') return channelsMoved(value.flattenedFrom ?? [], data);
  return value.layout === 'channels-first' && shape.length > 1 ? channelsMoved(shape, data) : data;
}

/** [H, W, C] → [C, H, W], for each of `width` numbers that stand side by side. */
export function channelsMoved(from: readonly number[], data: Float32Array, width = 1): Float32Array {
  const channels = from.at(-1) as number;
  const places = sizeOf(from.slice(0, -1));
  if (data.length !== places * channels * width) return data;
  const out = new Float32Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < places; place++) {
      const at = (place * channels + channel) * width;
      out.set(data.subarray(at, at + width), (channel * places + place) * width);
    }
  }
  return out;
}

function isHeldAlike(a: Value, b: Value): boolean {
  const isLike = a.layout === b.layout && a.shape.length === b.shape.length;
  return isLike && (a.flattenedFrom ?? []).join() === (b.flattenedFrom ?? []).join();
}

/** Whether channels first and last are the same numbers in the same order. */
function isOneLong(shape: Lengths): boolean {
  return shape.at(-1) === 1 || shape.slice(1, -1).every((length) => length === 1);
}

function inLayout(graph: GraphBuilder, value: Value, layout: Layout): Value {
  const known = graph.twins.get(value.name);
  if (known !== undefined) return known;
  const from = value.layout === 'flattened' ? plain(graph, value) : value;
  const output = { shape: from.shape, dtype: from.dtype, layout, ...(from.mask !== undefined && { mask: from.mask }) };
  const rank = from.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const perm = layout === 'plain' ? [0, ...spatial.map((axis) => axis + 1), 1] : [0, rank - 1, ...spatial];
  const made =
    isOneLong(from.shape) && dimensionsFor(heldShape(from), heldShape(output)) !== undefined
      ? reshapeHeld(graph, from, output)
      : graph.node('Transpose', [from], output, { perm });
  graph.twins.set(value.name, made);
  graph.twins.set(made.name, value);
  return made;
}

/** One Reshape of the numbers as they are held. A RangeError becomes an unsupported-layer that names the layer. */
function reshapeHeld(graph: GraphBuilder, value: Value, output: Omit<Value, 'name'>): Value {
  const lengths = dimensionsFor(heldShape(value), heldShape(output));
  if (lengths === undefined) {
    throw new RangeError(
      `it reshapes ${formatShape(heldShape(value))} to ${formatShape(heldShape(output))}, which has more than one length to find out`,
    );
  }
  const shape = graph.ints('shape', [lengths.length], lengths);
  return graph.node('Reshape', [value, shape], output);
}

/**
 * Reshape's second input: 0 keeps a length, one −1 is found out; undefined where that does not say everything. Free lengths
 * are the same ones only if all that is known beside them is.
 */
function dimensionsFor(from: Lengths, to: Lengths): number[] | undefined {
  const free = (lengths: Lengths) => lengths.filter((length) => length === null).length;
  const known = (lengths: Lengths) => sizeOf(lengths.map((length) => length ?? 1));
  const isSame = free(from) === free(to) && known(from) === known(to);
  const isKept = (i: number) => {
    if (!isSame) return i === 0 && free(to) > 1;
    return from[i] === null && to.slice(0, i + 1).every((length, k) => length === from[k]);
  };
  const lengths = to.map((length, i) => length ?? (isKept(i) ? 0 : -1));
  return lengths.filter((length) => length === -1).length > 1 ? undefined : lengths;
}
