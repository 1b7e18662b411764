import type { Tensor } from '../../runtime/tf.ts';
import type { OnnxLength } from '../description.ts';
import { type Compute, numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { dtypeAt, int, shapeAt, text } from '../shapes/call.ts';
import { length, tensor } from '../shapes/tensor.ts';
import { imageIn } from '../write/image.ts';
import { numberAt, wordAt } from '../write/operatorCall.ts';

/** Each block of pixels becomes channels, or the reverse. */
function moved(isToDepth: boolean): Operator {
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
    write: (call) => {
      const { x, output } = imageIn(call);
      const mode = wordAt(call, 'mode', 'dcr').toUpperCase();
      const attributes = { blocksize: numberAt(call, 'blocksize', 1), ...(!isToDepth && { mode }) };
      return call.graph.node(call.name, [x], output, attributes);
    },
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

/** Operators that trade space for channels. */
export const blocks: Operators = {
  SpaceToDepth: moved(true),
  DepthToSpace: moved(false),
};
