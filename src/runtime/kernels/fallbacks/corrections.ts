import {
  Add,
  Cast,
  ClipByValue,
  Draw,
  Fill,
  Maximum,
  Minimum,
  Multiply,
  Prelu,
  Relu,
  Slice,
  slice_util,
  type TensorInfo,
} from '../../tf.ts';
import type { Kernel, KernelContext } from '../kernel.ts';
import { call, free } from './composed.ts';

const SCALAR: readonly number[] = [];

/** tfjs-wasm reads out of bounds if a slice leaves the tensor; other backends refuse it. */
const slice: Kernel = {
  kernelName: Slice,
  run(_context, { x }, attrs) {
    const { begin, size } = attrs as unknown as { begin: number | number[]; size: number | number[] };
    const [first, lengths] = slice_util.parseSliceParams(x as TensorInfo, begin, size);
    slice_util.assertParamsValid(x as TensorInfo, first as number[], lengths as number[]);
    return undefined;
  },
};

/** tfjs-wasm clips NaN to the lower bound; these two keep it, as other backends do. */
const clipByValue: Kernel = {
  kernelName: ClipByValue,
  run(context, { x }, attrs) {
    const { clipValueMin, clipValueMax } = attrs as unknown as { clipValueMin: number; clipValueMax: number };
    const { dtype } = x as TensorInfo;
    const [lower, upper] = [clipValueMin, clipValueMax].map((value) => scalar(context, value, dtype)) as Pair;
    const capped = call(context, Minimum, { a: x as TensorInfo, b: upper });
    const output = call(context, Maximum, { a: capped, b: lower });
    free(context, lower, upper, capped);
    return output;
  },
};

/** tfjs-wasm keeps the lowest byte of a number, so that 256 is false. */
const cast: Kernel = {
  kernelName: Cast,
  run({ backend }, { x }, attrs) {
    const { shape, dtype } = x as TensorInfo;
    if (attrs?.['dtype'] !== 'bool' || (dtype !== 'float32' && dtype !== 'int32')) return undefined;
    const output = backend.makeOutput(shape, 'bool');
    const numbers = backend.typedArrayFromHeap(x as TensorInfo);
    const truths = backend.typedArrayFromHeap(output);
    for (let i = 0; i < numbers.length; i++) truths[i] = numbers[i] === 0 ? 0 : 1;
    return output;
  },
};

/** tfjs-wasm takes one slope for each channel or for all; here any that broadcasts: relu(x) + alpha · min(x, 0). */
const prelu: Kernel = {
  kernelName: Prelu,
  run(context, inputs) {
    const { x, alpha } = inputs as { x: TensorInfo; alpha: TensorInfo };
    const slopes = alpha.shape.reduce((product, length) => product * length, 1);
    if (slopes === 1 || (slopes === alpha.shape.at(-1) && slopes === x.shape.at(-1))) return undefined;
    const zero = scalar(context, 0, x.dtype);
    const positive = call(context, Relu, { x });
    const negative = call(context, Minimum, { a: x, b: zero });
    const sloped = call(context, Multiply, { a: negative, b: alpha });
    const output = call(context, Add, { a: positive, b: sloped });
    free(context, zero, positive, negative, sloped);
    return output;
  },
};

/** Draws on a 2d canvas as the cpu backend does; tfjs passes the wasm backend's name as the context type. */
const draw: Kernel = {
  kernelName: Draw,
  run(context, { image }, attrs) {
    const { options } = attrs as unknown as { options?: { contextOptions?: { contextType?: string } } };
    if (options?.contextOptions?.contextType !== 'wasm') return undefined;
    const contextOptions = { ...options.contextOptions, contextType: '2d' };
    return call(context, Draw, { image }, { ...attrs, options: { ...options, contextOptions } });
  },
};

type Pair = [TensorInfo, TensorInfo];

function scalar(context: KernelContext, value: number, dtype: TensorInfo['dtype']): TensorInfo {
  return call(context, Fill, {}, { shape: SCALAR, value, dtype });
}

/** Corrections where tfjs-wasm differs from tfjs's other backends, which agree with tfjs's specs. */
export function corrections(): readonly Kernel[] {
  return [slice, clipByValue, cast, prelu, draw];
}
