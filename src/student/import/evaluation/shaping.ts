import { listOf, numberOf, wordOf } from '../../../onnx/operator.ts';
import type { Tensor } from '../../../runtime/tf.ts';
import type { EvaluatorTable } from '../evaluation.ts';

/** Operators that move elements about. Their axes are those of the tensor as it lies here. */
export const shaping: EvaluatorTable = {
  /** `shape`: lengths; −1 is what is left; −2 − k is the length of the tensor's axis k. */
  reshape: (tf, [x], attributes) => {
    const lengths = (x as Tensor).shape;
    return tf.reshape(
      x as Tensor,
      listOf(attributes, 'shape').map((one) => (one < -1 ? (lengths[-2 - one] as number) : one)),
    );
  },
  transpose: (tf, [x], attributes) => tf.transpose(x as Tensor, [...listOf(attributes, 'perm')]),
  concat: (tf, inputs, attributes) => {
    const tensors = inputs as Tensor[];
    const axis = numberOf(attributes, 'axis', 0);
    // What is the same in every example is stored with a batch of one.
    const batch = Math.max(...tensors.map(({ shape }) => shape[0] as number));
    const whole = tensors.map((one) =>
      axis === 0 || one.shape[0] === batch ? one : tf.broadcastTo(one, [batch, ...one.shape.slice(1)]),
    );
    return tf.concat(whole, axis);
  },
  /** Whole lists of `starts`, `ends` and `steps`, an entry an axis; an end beyond an axis is its end. */
  slice: (tf, [x], attributes) => {
    const tensor = x as Tensor;
    const [starts, ends, steps] = ['starts', 'ends', 'steps'].map((name) => [...listOf(attributes, name)]) as [
      number[],
      number[],
      number[],
    ];
    if (!steps.every((step) => step === 1)) return stepped(tf, tensor, starts, ends, steps);
    const begin = starts.map((start, i) => clamped(start, tensor.shape[i] as number));
    const size = ends.map((end, i) => Math.max(0, clamped(end, tensor.shape[i] as number) - (begin[i] as number)));
    return tf.slice(tensor, begin, size);
  },
  /** `pads`: before and after, for each axis. */
  pad: (tf, [x], attributes) => {
    const flat = listOf(attributes, 'pads');
    const pads = (x as Tensor).shape.map((_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as [number, number]);
    const mode = wordOf(attributes, 'mode', 'constant');
    if (mode === 'constant') return tf.pad(x as Tensor, pads, numberOf(attributes, 'value', 0));
    if (mode === 'reflect') return tf.mirrorPad(x as Tensor, pads, 'reflect');
    return edged(tf, x as Tensor, pads);
  },
  expand: (tf, [x], attributes) => {
    const { shape } = x as Tensor;
    const target = listOf(attributes, 'shape').map((one, i) => (one < 0 ? (shape[i] as number) : one));
    return tf.broadcastTo(x as Tensor, target);
  },
  tile: (tf, [x], attributes) => tf.tile(x as Tensor, [...listOf(attributes, 'repeats')]),
  gather: (tf, [x, indices], attributes) => {
    const axis = numberOf(attributes, 'axis', 0);
    if (indices !== undefined) return tf.gather(x as Tensor, tf.cast(indices, 'int32'), axis);
    const length = (x as Tensor).shape[axis] as number;
    const picked = listOf(attributes, 'indices').map((one) => (one < 0 ? one + length : one));
    const taken = tf.gather(x as Tensor, tf.tensor1d(picked, 'int32'), axis);
    return numberOf(attributes, 'isOne', 0) === 1 ? tf.squeeze(taken, [axis]) : taken;
  },
  /** Channels are last. `mode` 'dcr': a block's place is the outer part of the channels; 'crd': the inner. */
  depthToSpace: (tf, [x], attributes) => {
    const [b, h, w, c] = (x as Tensor).shape as [number, number, number, number];
    const block = numberOf(attributes, 'blocksize', 1);
    const depth = c / (block * block);
    const isOuter = wordOf(attributes, 'mode', 'dcr') === 'dcr';
    const parts = tf.reshape(x as Tensor, isOuter ? [b * h, w, block, block, depth] : [b * h, w, depth, block, block]);
    const moved = tf.transpose(parts, isOuter ? [0, 2, 1, 3, 4] : [0, 3, 1, 4, 2]);
    return tf.reshape(moved, [b, h * block, w * block, depth]);
  },
  spaceToDepth: (tf, [x], attributes) => {
    const [b, h, w, c] = (x as Tensor).shape as [number, number, number, number];
    const block = numberOf(attributes, 'blocksize', 1);
    const parts = tf.reshape(x as Tensor, [(b * h) / block, block, w / block, block, c]);
    return tf.reshape(tf.transpose(parts, [0, 2, 1, 3, 4]), [b, h / block, w / block, block * block * c]);
  },
};

type Tf = Parameters<EvaluatorTable[string]>[0];

/** A place counted from either end, inside of the axis. */
function clamped(place: number, length: number): number {
  const front = place < 0 ? place + length : place;
  return Math.min(length, Math.max(0, front));
}

/** Steps other than one pick their places: a strided slice has no slope. */
function stepped(tf: Tf, x: Tensor, starts: number[], ends: number[], steps: number[]): Tensor {
  return steps.reduce((sum, step, axis) => {
    const length = sum.shape[axis] as number;
    const [start, end] = [starts[axis] as number, ends[axis] as number];
    const from = start < 0 ? start + length : start;
    const to = end < 0 && end >= -length ? end + length : end;
    const places: number[] = [];
    if (step > 0) for (let i = Math.max(0, from); i < Math.min(length, to); i += step) places.push(i);
    else for (let i = Math.min(length - 1, from); i > Math.max(-1, to); i += step) places.push(i);
    if (step === 1 && places.length === length) return sum;
    return tf.gather(sum, tf.tensor1d(places, 'int32'), axis);
  }, x);
}

function edged(tf: Tf, x: Tensor, pads: readonly [number, number][]): Tensor {
  return pads.reduce((sum, [before, after], axis) => {
    if (before === 0 && after === 0) return sum;
    const length = sum.shape[axis] as number;
    const places = Array.from({ length: before + length + after }, (_, i) =>
      Math.min(length - 1, Math.max(0, i - before)),
    );
    return tf.gather(sum, tf.tensor1d(places, 'int32'), axis);
  }, x);
}
