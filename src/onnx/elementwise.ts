// Makes operators whose results come from elements at the same place.
import type { Tensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import type { OnnxLength } from './description.ts';
import type { Attributes, Fold, Operations, Operator } from './operator.ts';
import { type Call, dtypeAt, input } from './shapes/call.ts';
import { broadcast, type Inferred, MOST_VALUES, numbersOf, type Shape, tensor } from './shapes/tensor.ts';
import { isCounted, numbers, typedArray } from './simplify/convert.ts';
import { expanded } from './simplify/strided.ts';
import type { ElementType, TensorData } from './tensorData.ts';
import { writeBroadcast, writeEach } from './write/elements.ts';

/** Of elements that may be free lengths. */
type FoldLengths = (...values: readonly OnnxLength[]) => OnnxLength;
type FoldNumbers = (...values: readonly number[]) => number;

interface Element<A> {
  /** What it gives for numbers. */
  readonly number?: FoldNumbers;
  /** What it gives for lengths. @default that of numbers; of a free length the result is unknown */
  readonly lengths?: FoldLengths;
  /** The element type of the result. @default that of the first input */
  readonly dtype?: 'bool';
  /** What `compute` reads in a node, with ONNX's defaults. */
  readonly attributes?: A;
}

interface Each<A> extends Element<A> {
  readonly compute?: (tf: Tf, x: Tensor, attributes: A, ops: Operations) => Tensor;
}

/** A function of the first input's elements; further inputs are parameters. */
export function each<A extends Attributes>(one: Each<A>): Operator {
  const { number, lengths = number && ofNumbers(number), dtype, attributes, compute } = one;
  return {
    outputs: (call) => {
      const { shape, values } = input(call, 0);
      return [tensor(dtype ?? dtypeAt(call, 0), shape, lengths && values?.map((value) => lengths(value)))];
    },
    ...(number && { fold: foldEach(number, dtype) }),
    ...(compute && {
      operands: 'each' as const,
      write: writeEach(Object.keys(attributes ?? {}), dtype),
      compute: (tf, [x], given, ops) => compute(tf, x as Tensor, { ...attributes, ...given } as A, ops),
    }),
    ...(attributes && { attributes }),
  };
}

interface Joined<A> extends Element<A> {
  /** The input that has the element type of the result. */
  readonly typedBy?: number;
  /** Of two inputs, or of as many as there are, from the left. */
  readonly compute?: (tf: Tf, a: Tensor, b: Tensor, attributes: A) => Tensor;
}

/** A function of all inputs, broadcast together. */
export function joined<A extends Attributes>(one: Joined<A>): Operator {
  const { number, lengths = number && ofNumbers(number), dtype, typedBy = 0, attributes, compute } = one;
  return {
    outputs: (call) => joinedOutputs(call, lengths, dtype, typedBy),
    ...(number && { fold: (inputs, call) => foldJoined(inputs, call, number, dtype) }),
    ...(compute && {
      operands: 'broadcast' as const,
      write: writeBroadcast({ dtype }),
      compute: (tf, [first, ...others], given) =>
        others.reduce((a, b) => compute(tf, a, b, { ...attributes, ...given } as A), first as Tensor),
    }),
    ...(attributes && { attributes }),
  };
}

/** A function of numbers; of a free length the result is unknown. */
export function ofNumbers(compute: FoldNumbers): FoldLengths {
  return (...values) => {
    const known = numbersOf(values);
    const result = known && compute(...known);
    return result !== undefined && Number.isFinite(result) ? result : null;
  };
}

/** All inputs broadcast together; the element type is that of input `typedBy`, or fixed. */
export function joinedOutputs(call: Call, fold?: FoldLengths, dtype?: string, typedBy = 0): readonly Inferred[] {
  const inputs = call.node.input.map((_, i) => input(call, i));
  const shape = broadcast(...inputs.map((one) => one.shape));
  return [tensor(dtype ?? dtypeAt(call, typedBy), shape, fold && foldValues(inputs, shape, fold))];
}

/** Elements of the result of a broadcast of few elements; undefined where they are many or one is not followed. */
function foldValues(
  inputs: readonly Inferred[],
  shape: Shape | null,
  fold: FoldLengths,
): readonly OnnxLength[] | undefined {
  const sizes = numbersOf(shape ?? undefined);
  if (sizes === undefined || inputs.some(({ values }) => values === undefined)) return undefined;
  const count = sizes.reduce((a, b) => a * b, 1);
  if (count > MOST_VALUES) return undefined;
  return Array.from({ length: count }, (_, at) =>
    fold(...inputs.map((one) => one.values?.[indexIn(numbersOf(one.shape ?? undefined) ?? [], sizes, at)] ?? null)),
  );
}

/** Where the element of a broadcast comes from: the place in the smaller tensor. */
function indexIn(from: readonly number[], to: readonly number[], at: number): number {
  let rest = at;
  let index = 0;
  let stride = 1;
  for (let axis = to.length - 1; axis >= 0; axis -= 1) {
    const size = to[axis] ?? 1;
    const own = from[axis - to.length + from.length];
    if (own !== undefined && own !== 1) index += (rest % size) * stride;
    stride *= own ?? 1;
    rest = Math.floor(rest / size);
  }
  return index;
}

export function foldEach(compute: FoldNumbers, dtype?: ElementType): Fold {
  return ([x]) => {
    if (x === undefined || !isCounted(x.dtype)) return undefined;
    const type = dtype ?? x.dtype;
    return {
      dtype: type,
      shape: x.shape,
      data: typedArray(
        type,
        numbers(x.dtype, x.data).map((one) => compute(one)),
      ),
    };
  };
}

/** Computed in doubles and rounded once, which for + − × ÷ √ is what single precision gives. */
export function foldJoined(
  inputs: readonly (TensorData | undefined)[],
  call: Call,
  compute: FoldNumbers,
  dtype?: ElementType,
): TensorData | undefined {
  // Before version 7 a second input was placed by an attribute.
  if (call.opset < 7 || inputs.some((one) => one === undefined || !isCounted(one.dtype))) return undefined;
  const [first, ...others] = inputs as readonly TensorData[];
  const shape = numbersOf(broadcast(...inputs.map((one) => one?.shape)) ?? undefined);
  if (first === undefined || shape === undefined) return undefined;
  const spread = (one: TensorData) => numbers(one.dtype, expanded(one, shape).data);
  const isWhole = /int/.test(first.dtype);
  const result = spread(first);
  for (const other of others) {
    const values = spread(other);
    for (let i = 0; i < result.length; i += 1) result[i] = compute(result[i] as number, values[i] as number);
  }
  if (isWhole && dtype === undefined && result.some((one) => !Number.isSafeInteger(Math.trunc(one)))) return undefined;
  const type = dtype ?? first.dtype;
  return { dtype: type, shape, data: typedArray(type, result) };
}
