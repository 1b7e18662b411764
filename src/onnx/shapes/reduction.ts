import type { OnnxLength } from '../description.ts';
import { axesOf, type Call, dtypeAt, input, int, type Operator, type Operators, shapeAt } from './call.ts';
import { axisOf, type Inferred, numbersOf, type Shape, tensor, unknownLengths } from './tensor.ts';

/** The shape without these axes, or with a 1 at each of them; null for axes stands for unknown ones. */
function reducedShape(shape: Shape | null, axes: readonly number[] | null, isKept: boolean): Shape | null {
  if (shape === null) return null;
  if (axes === null) return isKept ? unknownLengths(shape.length) : null;
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return isKept ? shape.map((one, i) => (gone.has(i) ? 1 : one)) : shape.filter((_, i) => !gone.has(i));
}

function reduction(fold?: (values: readonly number[]) => number): Operator {
  return {
    outputs: (call) => {
      const { dtype, shape, values } = input(call, 0);
      const given = axesOf(call, 'axes', 1);
      const isEmpty = given === undefined || given?.length === 0;
      if (isEmpty && int(call, 'noop_with_empty_axes', 0) === 1) return [tensor(dtype, shape, values)];
      const all = shape?.map((_, i) => i) ?? null;
      const reduced = reducedShape(shape, isEmpty ? all : (given ?? null), int(call, 'keepdims', 1) === 1);
      const numbers = shape?.length === 1 && given !== null ? numbersOf(values) : undefined;
      const total = fold !== undefined && numbers !== undefined && numbers.length > 0 ? fold(numbers) : undefined;
      return [tensor(dtype, reduced, total === undefined ? undefined : [total])];
    },
  };
}

const argument: Operator = {
  outputs: (call) => {
    const shape = reducedShape(shapeAt(call, 0), [int(call, 'axis', 0)], int(call, 'keepdims', 1) === 1);
    return [tensor('int64', shape)];
  },
};

/** Y like X, and statistics of each channel where they are asked for. */
const batchNormalization: Operator = {
  outputs: (call) => {
    const x = tensor(dtypeAt(call, 0), shapeAt(call, 0));
    const statistics = tensor(dtypeAt(call, 3) ?? dtypeAt(call, 0), shapeAt(call, 1));
    return [x, statistics, statistics, statistics, statistics];
  },
};

/** Y like X, with the mean and the inverse deviation of each row. */
export function rowNormalization(statistics: string | undefined, sumAt?: number): Operator {
  return {
    outputs: (call) => {
      const { dtype, shape } = input(call, 0);
      const axis = shape && axisOf(int(call, 'axis', -1), shape.length);
      const rows = shape !== null && typeof axis === 'number' ? shape.map((one, i) => (i < axis ? one : 1)) : null;
      const row = tensor(statistics ?? dtype, rows);
      const results: Inferred[] = [tensor(dtype, shape), row, row];
      if (sumAt !== undefined) results[sumAt] = tensor(dtype, shape);
      return results;
    },
  };
}

const loss: Operator = {
  outputs: (call) => {
    const dtype = dtypeAt(call, 0);
    const reduction = call.node.attribute.find(({ name }) => name === 'reduction');
    const isWhole = reduction === undefined || new TextDecoder().decode(reduction.s) !== 'none';
    return [tensor(dtype, isWhole ? [] : shapeAt(call, 1)), tensor(dtype, shapeAt(call, 0))];
  },
};

const quantize: Operator = {
  outputs: (call) => {
    const zero = call.inputs[2]?.dtype;
    return [tensor(zero ?? outputDtype(call) ?? 'uint8', shapeAt(call, 0))];
  },
};

/** The element type that `output_dtype` names; only the common ones can be named without a zero point. */
function outputDtype(call: Call): string | undefined {
  return { 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 21: 'uint4', 22: 'int4' }[int(call, 'output_dtype', 0)];
}

const scalar: readonly OnnxLength[] = [];

/** Operators that sum up, normalise or quantise. */
export const REDUCTION: Operators = {
  ReduceMean: reduction(),
  ReduceL1: reduction(),
  ReduceL2: reduction(),
  ReduceLogSum: reduction(),
  ReduceLogSumExp: reduction(),
  ReduceSumSquare: reduction(),
  ReduceSum: reduction((values) => values.reduce((a, b) => a + b, 0)),
  ReduceProd: reduction((values) => values.reduce((a, b) => a * b, 1)),
  ReduceMax: reduction((values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  ReduceMin: reduction((values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)),
  ArgMax: argument,
  ArgMin: argument,
  BatchNormalization: batchNormalization,
  LayerNormalization: rowNormalization('float32'),
  SimplifiedLayerNormalization: rowNormalization('float32'),
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
  QuantizeLinear: quantize,
  DequantizeLinear: { outputs: (call) => [tensor(dtypeAt(call, 1), shapeAt(call, 0))] },
  DynamicQuantizeLinear: {
    outputs: (call) => [tensor('uint8', shapeAt(call, 0)), tensor('float32', scalar), tensor('uint8', scalar)],
  },
  Det: { outputs: (call) => [tensor(dtypeAt(call, 0), shapeAt(call, 0)?.slice(0, -2) ?? null)] },
};
