import { type Attributes, listOf, wordOf } from '../../../onnx/operator.ts';
import type { Tensor } from '../../../runtime/tf.ts';
import type { Tf } from '../../../runtime/tfNamespace.ts';
import type { EvaluatorTable } from '../evaluation.ts';

/** Images of another size, channels last. `sizes` are the new lengths; −1: the old one times its scale. */
export const resize: EvaluatorTable = {
  resize: (tf, [x], attributes) => {
    const image = x as Tensor;
    const [scales, sizes] = [listOf(attributes, 'scales'), listOf(attributes, 'sizes')];
    const space = image.shape.slice(1, -1).map((length, i) => {
      const given = sizes[i] ?? -1;
      return given >= 0 ? given : Math.floor(length * (scales[i] ?? 1));
    });
    const isNearest = wordOf(attributes, 'mode', 'nearest') === 'nearest';
    return isNearest ? nearest(tf, image, space, attributes) : linear(tf, image, space, attributes);
  },
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
    const stretched = tf.reshape(product, [...moved.shape.slice(0, -1), length]);
    const back = sum.shape.map((_, k) => (k === axis ? sum.rank - 1 : order.indexOf(k)));
    return tf.transpose(stretched, back);
  }, x);
}
