import type { Tensor, Tensor4D } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { asImage, everyNth, type Pair } from '../images.ts';
import { type Compute, numberOf, type Operator, type Operators } from '../operator.ts';
import { type Call, dtypeAt, input, int, ints, shapeAt } from '../shapes/call.ts';
import { countOf, length, type Shape, tensor, times, unknownLengths } from '../shapes/tensor.ts';
import { slid, slidingOf } from '../windows.ts';
import { imageIn, windowIn } from '../write/image.ts';
import { channelsBeforeSpace } from '../write/kernels.ts';
import { listAt, numberAt, stored, type Weight, type Write } from '../write/operatorCall.ts';

function convolvedShape(call: Call, x: Shape | null, weight: Shape | null): Shape | null {
  const rank = (x ?? weight)?.length;
  if (rank === undefined || rank < 2) return null;
  const kernel = ints(call, 'kernel_shape') ?? weight?.slice(2) ?? [];
  const window = slidingOf(call, rank - 2, kernel);
  const space = x?.slice(2).map((size, i) => slid(size, window, i, false)) ?? unknownLengths(rank - 2) ?? [];
  return [x?.[0] ?? null, weight?.[0] ?? null, ...space];
}

/** Y = X ∗ W. Each output is a sum over the weights of its channel. */
export function convolving(weightAt: number, dtype: (call: Call) => string | null): Operator {
  return {
    outputs: (call) => [tensor(dtype(call), convolvedShape(call, shapeAt(call, 0), shapeAt(call, weightAt)))],
    multiplyAdds: (call, [y]) => countOf(...(y?.shape ?? [null]), ...(shapeAt(call, weightAt)?.slice(1) ?? [null])),
  };
}

const transposed: Operator = {
  outputs: (call) => {
    const [x, weight] = [shapeAt(call, 0), shapeAt(call, 1)];
    const rank = (x ?? weight)?.length;
    if (rank === undefined || rank < 2) return [tensor(dtypeAt(call, 0), null)];
    const window = slidingOf(call, rank - 2, ints(call, 'kernel_shape') ?? weight?.slice(2) ?? []);
    const fixed = ints(call, 'output_shape')?.slice(2 - rank);
    const extra = ints(call, 'output_padding') ?? [];
    const space = unknownLengths(rank - 2)?.map((_, i) => {
      const stride = window.strides[i] ?? 1;
      const [size, kernel] = [x?.[i + 2], window.kernel[i]];
      if (fixed?.[i] !== undefined) return length(fixed[i]);
      if (typeof size !== 'number') return null;
      if (window.autoPad.startsWith('SAME')) return length(size * stride);
      if (typeof kernel !== 'number') return null;
      const span = (kernel - 1) * (window.dilations[i] ?? 1) + 1;
      return length(stride * (size - 1) + (extra[i] ?? 0) + span - (window.padding[i]?.both ?? 0));
    });
    const channels = times(weight?.[1] ?? null, int(call, 'group', 1));
    return [tensor(dtypeAt(call, 0), [x?.[0] ?? null, channels, ...(space ?? [])])];
  },
  // Each input is multiplied with the weights of its channel.
  multiplyAdds: (call) => countOf(...(shapeAt(call, 0) ?? [null]), ...(shapeAt(call, 1)?.slice(1) ?? [null])),
};

/** Deformable convolution: a plain one after reading between the pixels. */
const deformed = convolving(1, (call) => dtypeAt(call, 0));

const columnsToImage: Operator = {
  outputs: (call) => {
    const [columns, image, block] = [shapeAt(call, 0), input(call, 1).values, input(call, 2).values];
    if (image === undefined) return [tensor(dtypeAt(call, 0), null)];
    const [channels, size] = [columns?.[1], countOf(...(block ?? [null]))];
    const depth = typeof channels === 'number' && size !== undefined && size > 0 ? length(channels / size) : null;
    return [tensor(dtypeAt(call, 0), [columns?.[0] ?? null, depth, ...image])];
  },
};

/** Over an image with channels last; the kernel is [...K, in / group, out]. */
const convolved: Compute = (tf, [x, kernel, bias], attributes) => {
  const group = numberOf(attributes, 'group', 1);
  const weights = asKernel(tf, kernel as Tensor, (x as Tensor).rank - 2);
  const result = asImage(
    tf,
    x as Tensor,
    (image, { strides, dilations, pads }) => {
      const [inputs, filters] = [tf.split(image, group, 3), tf.split(weights, group, 3)];
      const parts = inputs.map((one, i) => {
        const padded = tf.pad(one, [[0, 0], ...pads, [0, 0]] as Pair[]) as Tensor4D;
        return dilatedConv(tf, padded, filters[i] as Tensor4D, strides, dilations);
      });
      return tf.concat(parts, 3) as Tensor4D;
    },
    attributes,
  );
  return bias === undefined ? result : tf.add(result, bias);
};

/** `pads` cut the result; `extra` lengthens it. The kernel is [...K, out / group, in]. */
const convolvedBack: Compute = (tf, [x, kernel, bias], attributes) => {
  const group = numberOf(attributes, 'group', 1);
  const weights = asKernel(tf, kernel as Tensor, (x as Tensor).rank - 2);
  const result = asImage(
    tf,
    x as Tensor,
    (image, { kernel: size, strides, pads, extra }) => {
      const [batch, height, width] = image.shape;
      const full = [height, width].map((one, i) => (one - 1) * (strides[i] as number) + (size[i] as number)) as Pair;
      const lengths = full.map((one, i) => one - sum(pads[i] as Pair) + (extra[i] as number)) as Pair;
      const [inputs, filters] = [tf.split(image, group, 3), tf.split(weights, group, 3)];
      const parts = inputs.map((one, i) => {
        const filter = filters[i] as Tensor4D;
        return tf.conv2dTranspose(one as Tensor4D, filter, [batch, ...full, filter.shape[2]], strides, 'valid');
      });
      const missing = lengths.map((one, i) => Math.max(0, (pads[i] as Pair)[0] + one - (full[i] as number)));
      const whole = tf.pad(tf.concat(parts, 3), [
        [0, 0],
        [0, missing[0] as number],
        [0, missing[1] as number],
        [0, 0],
      ]);
      return tf.slice(whole, [0, pads[0][0], pads[1][0], 0], [batch, ...lengths, whole.shape[3] as number]) as Tensor4D;
    },
    attributes,
  );
  return bias === undefined ? result : tf.add(result, bias);
};

function asKernel(tf: Tf, kernel: Tensor, space: number): Tensor4D {
  return (space === 1 ? tf.expandDims(kernel, 0) : kernel) as Tensor4D;
}

function dilatedConv(tf: Tf, x: Tensor4D, filter: Tensor4D, strides: Pair, dilations: Pair): Tensor4D {
  const isDilated = dilations.some((one) => one > 1);
  if (!isDilated || strides.every((one) => one === 1)) return tf.conv2d(x, filter, strides, 'valid', 'NHWC', dilations);
  return everyNth(tf, tf.conv2d(x, filter, 1, 'valid', 'NHWC', dilations), strides);
}

function sum([a, b]: readonly [number, number]): number {
  return a + b;
}

/** The kernel turns from channels last to ONNX's order. */
const writeConvolution =
  (isBack: boolean): Write =>
  (call) => {
    const { graph, name } = call;
    const { x, output } = imageIn(call);
    const [kernel, bias] = call.operands.slice(1) as [Weight, Weight | undefined];
    const held = channelsBeforeSpace(kernel.shape, kernel.data);
    const inputs = [
      x,
      graph.floats('kernel', held.shape, held.data),
      ...(bias === undefined ? [] : [stored(graph, bias)]),
    ];
    return graph.node(name, inputs, output, {
      ...windowIn(call, held.shape.slice(2)),
      group: numberAt(call, 'group', 1),
      ...(isBack && { output_padding: listAt(call, 'extra').slice(0, kernel.shape.length - 2) }),
    });
  };

export const zeroPointDtype = (call: Call) => dtypeAt(call, 7);
const asInput = (call: Call) => dtypeAt(call, 0);

/** Operators that add up under a window. */
export const convolution: Operators = {
  Conv: { ...convolving(1, asInput), write: writeConvolution(false), compute: convolved },
  ConvInteger: convolving(1, () => 'int32'),
  QLinearConv: convolving(3, zeroPointDtype),
  DeformConv: deformed,
  ConvTranspose: { ...transposed, write: writeConvolution(true), compute: convolvedBack },
  Col2Im: columnsToImage,
};
