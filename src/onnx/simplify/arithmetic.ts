// Operators on each element for itself, after broadcasting.
import { type Call, dtypeAttribute, float, int } from '../shapes/call.ts';
import { broadcast, numbersOf } from '../shapes/tensor.ts';
import type { ElementType, TensorData } from '../tensorData.ts';
import { emptyArray, isCounted, numbers, typedArray } from './convert.ts';
import type { Evaluator } from './evaluate.ts';
import { expanded } from './strided.ts';

type Fold = (a: number, b: number) => number;

/** Computed in doubles and rounded once, which for + − × ÷ √ is what single precision gives. */
function binary(fold: Fold, dtype?: ElementType): Evaluator {
  return (inputs, call) => combine(inputs, fold, dtype, call);
}

function combine(
  inputs: readonly (TensorData | undefined)[],
  fold: Fold,
  dtype: ElementType | undefined,
  call: Call,
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
    for (let i = 0; i < result.length; i += 1) result[i] = fold(result[i] as number, values[i] as number);
  }
  if (isWhole && dtype === undefined && result.some((one) => !Number.isSafeInteger(Math.trunc(one)))) return undefined;
  const type = dtype ?? first.dtype;
  return { dtype: type, shape, data: typedArray(type, result) };
}

function unary(compute: (x: number) => number, dtype?: ElementType): Evaluator {
  return ([x]) => {
    if (x === undefined || !isCounted(x.dtype)) return undefined;
    const type = dtype ?? x.dtype;
    return { dtype: type, shape: x.shape, data: typedArray(type, numbers(x.dtype, x.data).map(compute)) };
  };
}

const truth = (test: (a: number, b: number) => boolean) => binary((a, b) => Number(test(a, b)), 'bool');

const modulo: Evaluator = (inputs, call) => {
  const isC = int(call, 'fmod', 0) === 1;
  return combine(inputs, (a, b) => (isC ? a % b : a - b * Math.floor(a / b)), undefined, call);
};

const where: Evaluator = ([condition, a, b]) => {
  const shape = numbersOf(broadcast(condition?.shape, a?.shape, b?.shape) ?? undefined);
  if (condition === undefined || a === undefined || b === undefined || shape === undefined) return undefined;
  const [picks, yes, no] = [expanded(condition, shape), expanded(a, shape), expanded(b, shape)];
  const data = emptyArray(a.dtype, picks.data.length);
  for (let i = 0; i < data.length; i += 1) data[i] = (picks.data[i] ? yes : no).data[i] as number;
  return { dtype: a.dtype, shape, data };
};

const clip: Evaluator = ([x, low, high], call) => {
  const least = low === undefined ? (float(call, 'min') ?? Number.NEGATIVE_INFINITY) : Number(low.data[0]);
  const most = high === undefined ? (float(call, 'max') ?? Number.POSITIVE_INFINITY) : Number(high.data[0]);
  return unary((one) => Math.min(most, Math.max(least, one)))([x], call);
};

const CASTS = new Set<string | null | undefined>(['float32', 'float64', 'int32', 'int64', 'uint8', 'int8', 'bool']);

const cast: Evaluator = ([x], call) => {
  const dtype = dtypeAttribute(call, 'to');
  if (x === undefined || !CASTS.has(dtype)) return undefined;
  const type = dtype as ElementType;
  return { dtype: type, shape: x.shape, data: typedArray(type, numbers(x.dtype, x.data)) };
};

const range: Evaluator = (inputs) => {
  const [start, limit, step] = inputs.map((one) => (one === undefined ? Number.NaN : Number(one.data[0])));
  const [first] = inputs;
  if (first === undefined || start === undefined || limit === undefined || step === undefined) return undefined;
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!Number.isFinite(count)) return undefined;
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step);
  return { dtype: first.dtype, shape: [count], data: typedArray(first.dtype, values) };
};

/** (q − zero point) · scale, the two for all elements or for each place along an axis. */
const dequantize: Evaluator = ([x, scale, zero], call) => {
  if (x === undefined || scale?.dtype !== 'float32' || int(call, 'block_size', 0) > 0) return undefined;
  const rank = x.shape.length;
  const axis = int(call, 'axis', 1);
  const front = axis < 0 ? axis + rank : axis;
  const along = (one: TensorData): TensorData => {
    const isSingle = one.data.length === 1 && one.shape.length <= 1;
    return { ...one, shape: isSingle ? [] : [...one.shape, ...new Array<number>(rank - 1 - front).fill(1)] };
  };
  const spread = (one: TensorData) => numbers(one.dtype, expanded(along(one), x.shape).data);
  const [steps, zeros] = [spread(scale), zero && spread(zero)];
  const values = numbers(x.dtype, x.data).map((one, i) => (one - (zeros?.[i] ?? 0)) * (steps[i] as number));
  return { dtype: 'float32', shape: x.shape, data: typedArray('float32', values) };
};

const divide: Evaluator = (inputs, call) => combine(inputs, (a, b) => a / b, undefined, call);
const roundEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

export const ARITHMETIC: Readonly<Record<string, Evaluator>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: divide,
  Pow: binary((a, b) => a ** b),
  Mod: modulo,
  Min: binary(Math.min),
  Max: binary(Math.max),
  Sum: binary((a, b) => a + b),
  And: truth((a, b) => a !== 0 && b !== 0),
  Or: truth((a, b) => a !== 0 || b !== 0),
  Xor: truth((a, b) => (a !== 0) !== (b !== 0)),
  Equal: truth((a, b) => a === b),
  Greater: truth((a, b) => a > b),
  GreaterOrEqual: truth((a, b) => a >= b),
  Less: truth((a, b) => a < b),
  LessOrEqual: truth((a, b) => a <= b),
  Not: unary((x) => Number(x === 0), 'bool'),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundEven),
  Sign: unary(Math.sign),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Relu: unary((x) => Math.max(0, x)),
  Clip: clip,
  Where: where,
  Cast: cast,
  Range: range,
  DequantizeLinear: dequantize,
};
