import type { OnnxLength } from '../description.ts';
import { dtypeAt, input, int, type Operator, type Operators, shapeAt } from './call.ts';
import { broadcast, type Inferred, MOST_VALUES, numbersOf, plus, type Shape, tensor, times } from './tensor.ts';

type Fold = (...values: readonly OnnxLength[]) => OnnxLength;

/** Elements of the result of a broadcast of few elements; undefined where they are many or one is not followed. */
function foldValues(inputs: readonly Inferred[], shape: Shape | null, fold: Fold): readonly OnnxLength[] | undefined {
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

/** All inputs broadcast together; the element type is that of input `typedBy`, or fixed. */
function elementwise(fold?: Fold, dtype?: string, typedBy = 0): Operator {
  return {
    outputs: (call) => {
      const inputs = call.node.input.map((_, i) => input(call, i));
      const shape = broadcast(...inputs.map((one) => one.shape));
      return [tensor(dtype ?? dtypeAt(call, typedBy), shape, fold && foldValues(inputs, shape, fold))];
    },
  };
}

/** The shape of the first input; further inputs are parameters. */
function unary(fold?: Fold, dtype?: string): Operator {
  return {
    outputs: (call) => {
      const { shape, values } = input(call, 0);
      return [tensor(dtype ?? dtypeAt(call, 0), shape, fold && values?.map((one) => fold(one)))];
    },
  };
}

/** A function of numbers; of a free length the result is unknown. */
function ofNumbers(compute: (...values: readonly number[]) => number): Fold {
  return (...values) => {
    const numbers = numbersOf(values);
    const result = numbers && compute(...numbers);
    return result !== undefined && Number.isFinite(result) ? result : null;
  };
}

const isInteger = (dtype: string | null) => dtype === null || /int/.test(dtype);

const divide: Operator = {
  outputs: (call) => {
    const whole = isInteger(dtypeAt(call, 0));
    const fold = ofNumbers((a = 0, b = 1) => (whole ? Math.trunc(a / b) : a / b));
    return elementwise((a = null, b = null) => (b === 1 ? a : fold(a, b))).outputs(call);
  },
};

const modulo: Operator = {
  outputs: (call) => {
    const isC = int(call, 'fmod', 0) === 1;
    return elementwise(ofNumbers((a = 0, b = 1) => (isC ? a % b : a - b * Math.floor(a / b)))).outputs(call);
  },
};

const where: Operator = {
  outputs: (call) => {
    const pick: Fold = (condition = null, a = null, b = null) => {
      if (typeof condition !== 'number') return a === b ? a : null;
      return condition === 0 ? b : a;
    };
    return elementwise(pick, undefined, 1).outputs(call);
  },
};

const clip: Operator = {
  outputs: (call) => {
    const x = input(call, 0);
    return [tensor(x.dtype, x.shape)];
  },
};

/** Y and the mask of what stayed. */
const dropout: Operator = {
  outputs: (call) => [
    tensor(dtypeAt(call, 0), shapeAt(call, 0)),
    tensor(call.opset < 10 ? dtypeAt(call, 0) : 'bool', shapeAt(call, 0)),
  ],
};

const compare = (test: (a: number, b: number) => boolean) =>
  elementwise(
    ofNumbers((a = 0, b = 0) => Number(test(a, b))),
    'bool',
  );

const same = unary();
const names = (list: string, operator: Operator): Operators =>
  Object.fromEntries(list.split(' ').map((name) => [name, operator]));

/** Operators that work on each element for itself. */
export const ELEMENTWISE: Operators = {
  ...names(
    'Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Elu Erf Exp Gelu HardSigmoid HardSwish LeakyRelu Log Mish Selu ' +
      'Shrink Sigmoid Sin Sinh Softplus Softsign Swish Tan Tanh ThresholdedRelu BitwiseNot Affine Scale ' +
      'Softmax LogSoftmax Hardmax CumSum Trilu LpNormalization LRN InstanceNormalization GroupNormalization ' +
      'MeanVarianceNormalization RMSNormalization PRelu RotaryEmbedding TensorScatter ' +
      'ScaledTanh ParametricSoftplus ReverseSequence',
    same,
  ),
  Abs: unary(ofNumbers(Math.abs)),
  Ceil: unary(ofNumbers(Math.ceil)),
  Floor: unary(ofNumbers(Math.floor)),
  Neg: unary(ofNumbers((a = 0) => -a)),
  Reciprocal: unary(ofNumbers((a = 1) => 1 / a)),
  Relu: unary(ofNumbers((a = 0) => Math.max(0, a))),
  Round: unary(ofNumbers((a = 0) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a)))),
  Sign: unary(ofNumbers(Math.sign)),
  Sqrt: unary(ofNumbers(Math.sqrt)),
  Identity: unary((a = null) => a),
  Not: unary(
    ofNumbers((a = 0) => Number(a === 0)),
    'bool',
  ),
  IsNaN: unary(undefined, 'bool'),
  IsInf: unary(undefined, 'bool'),
  Clip: clip,
  Dropout: dropout,
  Add: elementwise((a = null, b = null) => plus(a, b)),
  Sub: elementwise((a = null, b = null) => (b === 0 ? a : ofNumbers((x = 0, y = 0) => x - y)(a, b))),
  Mul: elementwise((a = null, b = null) => times(a, b)),
  Div: divide,
  Mod: modulo,
  Pow: elementwise(ofNumbers((a = 0, b = 1) => a ** b)),
  Max: elementwise(ofNumbers(Math.max)),
  Min: elementwise(ofNumbers(Math.min)),
  ...names('Sum Mean BitShift BitwiseAnd BitwiseOr BitwiseXor StringConcat', elementwise()),
  And: compare((a, b) => a !== 0 && b !== 0),
  Or: compare((a, b) => a !== 0 || b !== 0),
  Xor: compare((a, b) => (a !== 0) !== (b !== 0)),
  Equal: compare((a, b) => a === b),
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
  Where: where,
};

/** For tables of other domains: the shape of the first input, and all inputs broadcast. */
export const sameAsFirst: Operator = same;
export const broadcastAll: Operator = elementwise();
