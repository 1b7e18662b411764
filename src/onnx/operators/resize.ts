import type { Tensor } from '../../runtime/tf.ts';
import type { OnnxLength } from '../description.ts';
import { type Compute, numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { type Call, dtypeAt, input, int, ints, shapeAt, text } from '../shapes/call.ts';
import { length, type Shape, tensor } from '../shapes/tensor.ts';

/** Each block of pixels becomes channels, or the reverse. */
function blocks(isToDepth: boolean): Operator {
  return {
    outputs: (call) => {
      const shape = shapeAt(call, 0);
      const size = int(call, 'blocksize', 1);
      if (shape === null || shape.length !== 4 || size < 1) return [tensor(dtypeAt(call, 0), null)];
      const scaled = (one: OnnxLength = null, factor: number) =>
        typeof one === 'number' ? length(Math.floor(one * factor)) : null;
      const [n = null, c, h, w] = shape;
      const [depth, space] = isToDepth ? [size * size, 1 / size] : [1 / (size * size), size];
      return [tensor(dtypeAt(call, 0), [n, scaled(c, depth), scaled(h, space), scaled(w, space)])];
    },
    operands: 'image',
    read: (call) => ({
      blocksize: int(call, 'blocksize', 1),
      mode: text(call, 'mode', 'DCR') === 'CRD' ? 'crd' : 'dcr',
    }),
    compute: isToDepth ? spaceToDepth : depthToSpace,
  };
}

/** `mode` 'dcr': a block's place is the outer part of the channels; 'crd': the inner. */
const depthToSpace: Compute = (tf, [x], attributes) => {
  const [b, h, w, c] = (x as Tensor).shape as [number, number, number, number];
  const block = numberOf(attributes, 'blocksize', 1);
  const depth = c / (block * block);
  const isOuter = wordOf(attributes, 'mode', 'dcr') === 'dcr';
  const parts = tf.reshape(x as Tensor, isOuter ? [b * h, w, block, block, depth] : [b * h, w, depth, block, block]);
  const moved = tf.transpose(parts, isOuter ? [0, 2, 1, 3, 4] : [0, 3, 1, 4, 2]);
  return tf.reshape(moved, [b, h * block, w * block, depth]);
};

const spaceToDepth: Compute = (tf, [x], attributes) => {
  const [b, h, w, c] = (x as Tensor).shape as [number, number, number, number];
  const block = numberOf(attributes, 'blocksize', 1);
  const parts = tf.reshape(x as Tensor, [(b * h) / block, block, w / block, block, c]);
  return tf.reshape(tf.transpose(parts, [0, 2, 1, 3, 4]), [b, h / block, w / block, block * block * c]);
};

/** Lengths of a resized tensor, from scales or from sizes. Source: ONNX, operator Resize. */
function resizedShape(call: Call, scalesAt: number, sizesAt: number): Shape | null {
  const shape = shapeAt(call, 0);
  if (shape === null) return null;
  const axes = ints(call, 'axes')?.map((axis) => (axis < 0 ? axis + shape.length : axis)) ?? shape.map((_, i) => i);
  const scales = input(call, scalesAt).values;
  const sizes = input(call, sizesAt).values;
  const isStretched = text(call, 'keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const isGiven = (values: Shape | undefined): values is Shape => values?.length === axes.length && isStretched;
  return shape.map((size, i) => {
    const at = axes.indexOf(i);
    if (at < 0) return size;
    if (isGiven(sizes)) return sizes[at] ?? null;
    const scale = isGiven(scales) ? scales[at] : undefined;
    if (scale === 1) return size;
    return typeof size === 'number' && typeof scale === 'number' ? length(Math.floor(size * scale)) : null;
  });
}

const resized: Operator = {
  reads: [0],
  outputs: (call) => {
    const [scalesAt, sizesAt] = call.opset < 11 ? [1, 3] : [2, 3];
    return [tensor(dtypeAt(call, 0), resizedShape(call, scalesAt, sizesAt))];
  },
};

const upsample: Operator = {
  reads: [0],
  outputs: (call) => {
    const scales = call.node.attribute.find(({ name }) => name === 'scales')?.floats;
    const inputs = scales === undefined ? call.inputs : [call.inputs[0], tensor('float32', [scales.length], scales)];
    return [tensor(dtypeAt(call, 0), resizedShape({ ...call, inputs }, 1, 3))];
  },
};

const sampled: Operator = {
  outputs: (call) => {
    const [x, grid] = [shapeAt(call, 0), shapeAt(call, 1)];
    const shape = x && grid && [...x.slice(0, 2), ...grid.slice(1, -1)];
    return [tensor(dtypeAt(call, 0), shape)];
  },
};

/** Operators that change the size of an image. */
export const resize: Operators = {
  SpaceToDepth: blocks(true),
  DepthToSpace: blocks(false),
  Resize: resized,
  Upsample: upsample,
  GridSample: sampled,
};
