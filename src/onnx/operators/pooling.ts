import type { Tensor, Tensor4D } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { asImage, everyNth, type Pair } from '../images.ts';
import { type Compute, listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import { type Call, dtypeAt, input, int, ints, shapeAt } from '../shapes/call.ts';
import { length, type Shape, tensor } from '../shapes/tensor.ts';
import { slid, slidingOf } from '../windows.ts';
import { imageIn, windowIn } from '../write/image.ts';
import { listAt, numberAt, type OperatorCall, type Write } from '../write/operatorCall.ts';

function pooled(call: Call): Shape | null {
  const x = shapeAt(call, 0);
  const kernel = ints(call, 'kernel_shape');
  if (x === null || kernel === undefined || kernel.length !== x.length - 2) return null;
  const window = slidingOf(call, kernel.length, kernel);
  const isCeil = int(call, 'ceil_mode', 0) === 1;
  return [...x.slice(0, 2), ...x.slice(2).map((size, i) => slid(size, window, i, isCeil))];
}

/** The pooled values, and of MaxPool where each was found. */
const pool: Operator = {
  outputs: (call) => {
    const shape = pooled(call);
    return [tensor(dtypeAt(call, 0), shape), tensor('int64', shape)];
  },
};

/** Over all axes of space. */
function globalPool(compute?: (tf: Tf, x: Tensor, axes: number[]) => Tensor): Operator {
  return {
    outputs: (call) => [
      tensor(
        dtypeAt(call, 0),
        shapeAt(call, 0)?.map((one, i) => (i < 2 ? one : 1)),
      ),
    ],
    ...(compute && {
      operands: 'along' as const,
      read: (call) => {
        const space = shapeAt(call, 0)?.slice(2);
        return space && { axes: space.map((_, i) => i + 2), keepdims: 1 };
      },
      compute: (tf, [x], attributes) => compute(tf, x as Tensor, [...listOf(attributes, 'axes')]),
    }),
  };
}

const unpool: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    const given = input(call, 2).values;
    if (given !== undefined) return [tensor(dtypeAt(call, 0), given)];
    const kernel = ints(call, 'kernel_shape');
    if (shape === null || kernel === undefined || call.inputs[2] !== undefined) return [tensor(dtypeAt(call, 0), null)];
    const window = slidingOf(call, kernel.length, kernel);
    const space = shape.slice(2).map((size, i) => {
      if (typeof size !== 'number') return null;
      return length((size - 1) * (window.strides[i] ?? 1) + (kernel[i] ?? 1) - (window.padding[i]?.both ?? 0));
    });
    return [tensor(dtypeAt(call, 0), [...shape.slice(0, 2), ...space])];
  },
};

/** Pools regions of an image, one result a region. */
function regions(height: string, width: string): Operator {
  return {
    outputs: (call) => {
      const size = ints(call, 'pooled_shape');
      const count = shapeAt(call, 1)?.[0] ?? null;
      const space = size ?? [int(call, height, 1), int(call, width, 1)];
      return [tensor(dtypeAt(call, 0), [count, shapeAt(call, 0)?.[1] ?? null, ...space])];
    },
  };
}

/** The lowest float32 stands for −∞, which would make 0 · ∞ in a slope. */
const LOWEST = -3.4028234663852886e38;

const maxima: Compute = (tf, [x], attributes) =>
  asImage(
    tf,
    x as Tensor,
    (image, { kernel, strides, dilations, pads }) => {
      const padded = tf.pad(image, [[0, 0], ...pads, [0, 0]] as Pair[], LOWEST) as Tensor4D;
      return dilatedPool(tf, padded, 'max', kernel, strides, dilations);
    },
    attributes,
  );

const averages: Compute = (tf, [x], attributes) =>
  asImage(
    tf,
    x as Tensor,
    (image, { kernel, strides, dilations, pads, extra }) => {
      const average = (one: Tensor) => dilatedPool(tf, one as Tensor4D, 'avg', kernel, strides, dilations);
      const padded = tf.pad(image, [[0, 0], ...pads, [0, 0]] as Pair[]);
      // A window counts the pixels of the image, and of the explicit padding if that is asked for; nothing beyond.
      const isCounted = numberOf(attributes, 'countIncludePad', 0) === 1;
      const [, height, width] = image.shape;
      const inside = pads.map(([front, back], i) => [front, back - (extra[i] as number)]) as [Pair, Pair];
      const around = isCounted ? extra.map((more) => [0, more] as Pair) : pads;
      const lengths = [height, width].map((one, i) => (isCounted ? one + sum(inside[i] as Pair) : one));
      if (around.every((pair) => sum(pair) === 0)) return average(padded);
      const counted = tf.pad(tf.ones([1, ...lengths, 1]), [[0, 0], ...around, [0, 0]] as Pair[]);
      return tf.div(average(padded), average(counted)) as Tensor4D;
    },
    attributes,
  );

function dilatedPool(tf: Tf, x: Tensor4D, kind: 'max' | 'avg', kernel: Pair, strides: Pair, dilations: Pair): Tensor4D {
  const isBoth = dilations.some((one) => one > 1) && strides.some((one) => one > 1);
  if (!isBoth) return tf.pool(x, kernel, kind, 'valid', dilations, strides) as Tensor4D;
  return everyNth(tf, tf.pool(x, kernel, kind, 'valid', dilations, 1) as Tensor4D, strides);
}

function sum([a, b]: readonly [number, number]): number {
  return a + b;
}

const writePool =
  (attributesOf: (call: OperatorCall) => Record<string, number> = () => ({})): Write =>
  (call) => {
    const { x, output } = imageIn(call);
    const window = windowIn(call, listAt(call, 'kernelShape'), listAt(call, 'extra'));
    return call.graph.node(call.name, [x], output, { ...window, ...attributesOf(call) });
  };

/** Operators that give one number for a window. */
export const pooling: Operators = {
  MaxPool: { ...pool, write: writePool(), compute: maxima },
  AveragePool: {
    ...pool,
    write: writePool((call) => ({ count_include_pad: numberAt(call, 'countIncludePad', 0) })),
    refuseWrite: ({ attributes }) =>
      listOf(attributes, 'dilations').some((one) => one !== 1) ? 'it is a dilated average pooling' : undefined,
    compute: averages,
  },
  LpPool: pool,
  GlobalAveragePool: globalPool((tf, x, axes) => tf.mean(x, axes, true)),
  GlobalMaxPool: globalPool((tf, x, axes) => tf.max(x, axes, true)),
  GlobalLpPool: globalPool(),
  MaxUnpool: unpool,
  MaxRoiPool: regions('', ''),
  RoiAlign: regions('output_height', 'output_width'),
};
