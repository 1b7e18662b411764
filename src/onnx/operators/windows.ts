import type { OnnxLength } from '../description.ts';
import type { Operator, Operators } from '../operator.ts';
import { type Call, dtypeAt, input, int, ints, shapeAt, text } from '../shapes/call.ts';
import { countOf, length, type Shape, tensor, times, unknownLengths } from '../shapes/tensor.ts';

/** How a window moves over the axes of space, each list with one entry an axis. */
interface Window {
  readonly kernel: readonly OnnxLength[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** What is added at the front and at the back of an axis, together and at the front. */
  readonly padding: readonly { readonly front: number; readonly both: number }[];
  readonly autoPad: string;
}

function windowOf(call: Call, rank: number, kernel: readonly OnnxLength[]): Window {
  const ones = new Array<number>(rank).fill(1);
  const pads = ints(call, 'pads') ?? [];
  const autoPad = text(call, 'auto_pad', 'NOTSET');
  const given = (i: number) => ({ front: pads[i] ?? 0, both: (pads[i] ?? 0) + (pads[i + rank] ?? 0) });
  return {
    kernel,
    strides: ints(call, 'strides') ?? ones,
    dilations: ints(call, 'dilations') ?? ones,
    padding: ones.map((_, i) => (autoPad === 'VALID' ? { front: 0, both: 0 } : given(i))),
    autoPad,
  };
}

/** The length of one axis after a window has moved over it. Source: ONNX, operators Conv and MaxPool. */
function moved(size: OnnxLength, window: Window, axis: number, isCeil: boolean): OnnxLength {
  const stride = window.strides[axis] ?? 1;
  const kernel = window.kernel[axis];
  if (typeof size !== 'number' || stride < 1) return null;
  if (window.autoPad.startsWith('SAME')) return length(Math.ceil(size / stride));
  if (typeof kernel !== 'number') return null;
  const { front, both } = window.padding[axis] ?? { front: 0, both: 0 };
  const span = (kernel - 1) * (window.dilations[axis] ?? 1) + 1;
  const steps = (size + both - span) / stride;
  if (!isCeil) return length(Math.floor(steps) + 1);
  const count = Math.ceil(steps) + 1;
  // A last window that would start in the padding at the back is left out.
  return length((count - 1) * stride >= size + front ? count - 1 : count);
}

function convolvedShape(call: Call, x: Shape | null, weight: Shape | null): Shape | null {
  const rank = (x ?? weight)?.length;
  if (rank === undefined || rank < 2) return null;
  const kernel = ints(call, 'kernel_shape') ?? weight?.slice(2) ?? [];
  const window = windowOf(call, rank - 2, kernel);
  const space = x?.slice(2).map((size, i) => moved(size, window, i, false)) ?? unknownLengths(rank - 2) ?? [];
  return [x?.[0] ?? null, weight?.[0] ?? null, ...space];
}

/** Y = X ∗ W. Each output is a sum over the weights of its channel. */
export function convolution(weightAt: number, dtype: (call: Call) => string | null): Operator {
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
    const window = windowOf(call, rank - 2, ints(call, 'kernel_shape') ?? weight?.slice(2) ?? []);
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
const deformed = convolution(1, (call) => dtypeAt(call, 0));

function pooled(call: Call): Shape | null {
  const x = shapeAt(call, 0);
  const kernel = ints(call, 'kernel_shape');
  if (x === null || kernel === undefined || kernel.length !== x.length - 2) return null;
  const window = windowOf(call, kernel.length, kernel);
  const isCeil = int(call, 'ceil_mode', 0) === 1;
  return [...x.slice(0, 2), ...x.slice(2).map((size, i) => moved(size, window, i, isCeil))];
}

/** The pooled values, and of MaxPool where each was found. */
const pool: Operator = {
  outputs: (call) => {
    const shape = pooled(call);
    return [tensor(dtypeAt(call, 0), shape), tensor('int64', shape)];
  },
};

const globalPool: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    return [
      tensor(
        dtypeAt(call, 0),
        shape?.map((one, i) => (i < 2 ? one : 1)),
      ),
    ];
  },
};

const unpool: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    const given = input(call, 2).values;
    if (given !== undefined) return [tensor(dtypeAt(call, 0), given)];
    const kernel = ints(call, 'kernel_shape');
    if (shape === null || kernel === undefined || call.inputs[2] !== undefined) return [tensor(dtypeAt(call, 0), null)];
    const window = windowOf(call, kernel.length, kernel);
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

const columnsToImage: Operator = {
  outputs: (call) => {
    const [columns, image, block] = [shapeAt(call, 0), input(call, 1).values, input(call, 2).values];
    if (image === undefined) return [tensor(dtypeAt(call, 0), null)];
    const [channels, size] = [columns?.[1], countOf(...(block ?? [null]))];
    const depth = typeof channels === 'number' && size !== undefined && size > 0 ? length(channels / size) : null;
    return [tensor(dtypeAt(call, 0), [columns?.[0] ?? null, depth, ...image])];
  },
};

export const zeroPointDtype = (call: Call) => dtypeAt(call, 7);
const asInput = (call: Call) => dtypeAt(call, 0);

/** Operators that move a window over an image. */
export const windows: Operators = {
  Conv: convolution(1, asInput),
  ConvInteger: convolution(1, () => 'int32'),
  QLinearConv: convolution(3, zeroPointDtype),
  DeformConv: deformed,
  ConvTranspose: transposed,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  MaxUnpool: unpool,
  MaxRoiPool: regions('', ''),
  RoiAlign: regions('output_height', 'output_width'),
  Col2Im: columnsToImage,
};
