import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { OnnxLength } from '../description.ts';
import { type Attributes, type Compute, listOf, numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { type Call, dtypeAt, input, int, ints, shapeAt, text } from '../shapes/call.ts';
import { length, type Shape, tensor } from '../shapes/tensor.ts';
import { imageIn } from '../write/image.ts';
import { listAt, numberAt, type Write, wordAt } from '../write/operatorCall.ts';

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

/** Channels last. `sizes` are the new lengths; −1: the old one times its scale. */
const stretched: Compute = (tf, [x], attributes) => {
  const image = x as Tensor;
  const [scales, sizes] = [listOf(attributes, 'scales'), listOf(attributes, 'sizes')];
  const space = image.shape.slice(1, -1).map((length, i) => {
    const given = sizes[i] ?? -1;
    return given >= 0 ? given : Math.floor(length * (scales[i] ?? 1));
  });
  const isNearest = wordOf(attributes, 'mode', 'nearest') === 'nearest';
  return isNearest ? nearest(tf, image, space, attributes) : linear(tf, image, space, attributes);
};

function nearest(tf: Tf, x: Tensor, space: readonly number[], attributes: Attributes): Tensor {
  return space.reduce((sum, length, i) => {
    const old = sum.shape[i + 1] as number;
    const scale = listOf(attributes, 'scales')[i] ?? length / old;
    if (length === old && scale === 1) return sum;
    const places = Array.from({ length }, (_, at) => nearestPlace(at, { old, length, scale }, attributes));
    return tf.gather(sum, tf.tensor1d(places, 'int32'), i + 1);
  }, x);
}

interface Stretch {
  readonly old: number;
  readonly length: number;
  readonly scale: number;
}

function nearestPlace(at: number, stretch: Stretch, attributes: Attributes): number {
  const place = placeOf(at, stretch, wordOf(attributes, 'coordinates', 'halfPixel'));
  const rounded = ROUNDINGS[wordOf(attributes, 'rounding', 'roundPreferFloor')]?.(place) ?? Math.floor(place);
  return Math.min(stretch.old - 1, Math.max(0, rounded));
}

const ROUNDINGS: Readonly<Record<string, (place: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  roundPreferFloor: (place) => Math.ceil(place - 0.5),
  roundPreferCeil: (place) => Math.floor(place + 0.5),
};

/** Where an element of the result lies in the source. Source: ONNX, operator Resize, coordinate_transformation_mode */
function placeOf(at: number, { old, length, scale }: Stretch, coordinates: string): number {
  switch (coordinates) {
    case 'asymmetric':
      return at / scale;
    case 'alignCorners':
      return length === 1 ? 0 : (at * (old - 1)) / (length - 1);
    case 'pytorchHalfPixel':
      return length === 1 ? 0 : (at + 0.5) / scale - 0.5;
    default:
      return (at + 0.5) / scale - 0.5;
  }
}

/** Along each axis a product with the matrix of its weights, in every mode alike and with exact slopes. */
function linear(tf: Tf, x: Tensor, space: readonly number[], attributes: Attributes): Tensor {
  const coordinates = wordOf(attributes, 'coordinates', 'halfPixel');
  return space.reduce((sum, length, i) => {
    const axis = i + 1;
    const old = sum.shape[axis] as number;
    const scale = listOf(attributes, 'scales')[i] ?? length / old;
    if (length === old && scale === 1) return sum;
    const weights = new Float32Array(old * length);
    for (let at = 0; at < length; at++) {
      const place = Math.min(old - 1, Math.max(0, placeOf(at, { old, length, scale }, coordinates)));
      const [low, part] = [Math.floor(place), place - Math.floor(place)];
      weights[low * length + at] = 1 - part;
      if (part > 0) weights[(low + 1) * length + at] = part;
    }
    const order = sum.shape.map((_, k) => k).filter((k) => k !== axis);
    const moved = tf.transpose(sum, [...order, axis]);
    const rows = tf.reshape(moved, [moved.size / old, old]);
    const product = tf.matMul(rows, tf.tensor2d(weights, [old, length]));
    const wide = tf.reshape(product, [...moved.shape.slice(0, -1), length]);
    const back = sum.shape.map((_, k) => (k === axis ? sum.rank - 1 : order.indexOf(k)));
    return tf.transpose(wide, back);
  }, x);
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

/** What a layer calls the words of ONNX's attributes. */
const WORDS: Readonly<Record<string, string>> = {
  halfPixel: 'half_pixel',
  alignCorners: 'align_corners',
  pytorchHalfPixel: 'pytorch_half_pixel',
  roundPreferFloor: 'round_prefer_floor',
  roundPreferCeil: 'round_prefer_ceil',
};

const writeResize: Write = (call) => {
  const { x, output } = imageIn(call);
  const word = (key: string, otherwise: string) => {
    const value = wordAt(call, key, otherwise);
    return WORDS[value] ?? value;
  };
  const scales = [1, 1, ...listAt(call, 'scales')];
  const mode = wordAt(call, 'mode', 'nearest');
  return call.graph.node('Resize', [x, '', call.graph.floats('scales', [scales.length], scales)], output, {
    mode,
    coordinate_transformation_mode: word('coordinates', 'halfPixel'),
    ...(mode === 'nearest' && { nearest_mode: word('rounding', 'roundPreferFloor') }),
  });
};

/** Operators that change the size of an image. */
export const resize: Operators = {
  SpaceToDepth: blocks(true),
  DepthToSpace: blocks(false),
  Resize: { ...resized, write: writeResize, compute: stretched },
  Upsample: { ...upsample, compute: stretched },
  GridSample: sampled,
};
