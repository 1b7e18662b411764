import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Attributes, type Compute, listOf, type Operator, type Operators, wordOf } from '../operator.ts';
import {
  type Call,
  dtypeAt,
  floats,
  hasAttribute,
  input,
  int,
  ints,
  numbersAt,
  shapeAt,
  text,
} from '../shapes/call.ts';
import { length, numbersOf, type Shape, tensor } from '../shapes/tensor.ts';
import { imageIn } from '../write/image.ts';
import { listAt, type Write, wordAt } from '../write/operatorCall.ts';

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

/** How much longer each axis becomes, by `scales` or from known lengths; undefined where neither is known. */
function scalesOf(call: Call): readonly number[] | undefined {
  const given = floats(call, 'scales') ?? numbersAt(call, isOld(call) ? 1 : 2);
  if (given !== undefined && given.length > 0) return given;
  const from = shapeAt(call, 0) ?? [];
  const [to] = call.node.opType === 'Upsample' ? [] : resized.outputs(call);
  return numbersOf(
    to?.shape?.map((length, i) => {
      // A size may be given for a free batch too, as the model was saved.
      if (length === from[i] || (i === 0 && typeof from[i] === 'string')) return 1;
      return typeof length === 'number' && typeof from[i] === 'number' ? length / from[i] : null;
    }),
  );
}

/** Upsample, and Resize before version 11, know one way to place pixels and have scales as their second input. */
function isOld({ node, opset }: Call): boolean {
  return node.opType === 'Upsample' || opset < 11;
}

function refuseResize(call: Call): string | undefined {
  const shape = shapeAt(call, 0) ?? [];
  const [mode, scales] = [text(call, 'mode', 'nearest'), scalesOf(call)];
  const coordinates = text(call, 'coordinate_transformation_mode', 'half_pixel');
  if (scales === undefined) return 'the lengths that it gives are not known; fix those of the inputs with inputShapes';
  if (!['nearest', 'linear', 'bilinear'].includes(mode)) return `it resizes by "${mode}"`;
  if (!(coordinates in COORDINATES)) return `its coordinates are "${coordinates}"`;
  // Where lengths are not whole, ONNX's own rule and onnxruntime's differ.
  const isWhole = (scale: number, i: number) =>
    scale === 1 || (typeof shape[i] === 'number' && Number.isInteger(shape[i] * scale));
  if (coordinates === 'align_corners' && !scales.every(isWhole))
    return 'it aligns corners by scales that give no whole lengths';
  if (int(call, 'antialias', 0) === 1) return 'it smooths before it shrinks (antialias)';
  if (hasAttribute(call, 'axes')) return 'it names its axes';
  const isImage = shape.length >= 3 && scales[0] === 1 && scales[1] === 1;
  return isImage ? undefined : 'it resizes the batch or the channels';
}

const COORDINATES: Readonly<Record<string, string>> = {
  half_pixel: 'halfPixel',
  asymmetric: 'asymmetric',
  align_corners: 'alignCorners',
  pytorch_half_pixel: 'pytorchHalfPixel',
};

const NEAREST: Readonly<Record<string, string>> = {
  round_prefer_floor: 'roundPreferFloor',
  round_prefer_ceil: 'roundPreferCeil',
  floor: 'floor',
  ceil: 'ceil',
};

/** Of the axes of space: `scales`, and `sizes` with −1 where a length is free. */
function readResize(call: Call): Attributes | undefined {
  const [scales, outputs] = [scalesOf(call)?.slice(2), operatorFor(call).outputs(call)];
  if (scales === undefined) return undefined;
  const [mode, old] = [text(call, 'mode', 'nearest'), isOld(call)];
  const coordinates = old ? 'asymmetric' : COORDINATES[text(call, 'coordinate_transformation_mode', 'half_pixel')];
  const rounding = old ? 'floor' : NEAREST[text(call, 'nearest_mode', 'round_prefer_floor')];
  const sizes = scales.map((_, i) => {
    const length = outputs[0]?.shape?.[i + 2];
    return typeof length === 'number' ? length : -1;
  });
  if (coordinates === undefined || rounding === undefined) return undefined;
  return { mode: mode === 'nearest' ? 'nearest' : 'linear', coordinates, rounding, scales, sizes };
}

const operatorFor = ({ node }: Call) => (node.opType === 'Upsample' ? upsample : resized);

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
    const scales = floats(call, 'scales');
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

/** ONNX's word for one of a layer's. */
function wordFor(words: Readonly<Record<string, string>>, own: string): string {
  return Object.entries(words).find(([, one]) => one === own)?.[0] ?? own;
}

const writeResize: Write = (call) => {
  const { x, output } = imageIn(call);
  const scales = [1, 1, ...listAt(call, 'scales')];
  const mode = wordAt(call, 'mode', 'nearest');
  return call.graph.node('Resize', [x, '', call.graph.floats('scales', [scales.length], scales)], output, {
    mode,
    coordinate_transformation_mode: wordFor(COORDINATES, wordAt(call, 'coordinates', 'halfPixel')),
    ...(mode === 'nearest' && { nearest_mode: wordFor(NEAREST, wordAt(call, 'rounding', 'roundPreferFloor')) }),
  });
};

const resizing: Partial<Operator> = { operands: 'image', refuse: refuseResize, read: readResize, compute: stretched };

/** Operators that change the size of an image. */
export const resize: Operators = {
  Resize: { ...resized, ...resizing, write: writeResize },
  Upsample: { ...upsample, ...resizing },
  GridSample: sampled,
};
