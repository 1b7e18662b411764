import { each } from '../elementwise.ts';
import type { Operator, Operators } from '../operator.ts';
import { axesOf, type Call, dtypeAt, input, int, shapeAt } from '../shapes/call.ts';
import { axisOf, type Inferred, numbersOf, type Shape, tensor, unknownLengths } from '../shapes/tensor.ts';

/** The shape without these axes, or with a 1 at each of them; null for axes stands for unknown ones. */
function reducedShape(shape: Shape | null, axes: readonly number[] | null, isKept: boolean): Shape | null {
  if (shape === null) return null;
  if (axes === null) return isKept ? unknownLengths(shape.length) : null;
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return isKept ? shape.map((one, i) => (gone.has(i) ? 1 : one)) : shape.filter((_, i) => !gone.has(i));
}

function along(fold?: (values: readonly number[]) => number): Operator {
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

const loss: Operator = {
  outputs: (call) => {
    const dtype = dtypeAt(call, 0);
    const reduction = call.node.attribute.find(({ name }) => name === 'reduction');
    const isWhole = reduction === undefined || new TextDecoder().decode(reduction.s) !== 'none';
    return [tensor(dtype, isWhole ? [] : shapeAt(call, 1)), tensor(dtype, shapeAt(call, 0))];
  },
};

/** Operators that make one number of many, or sum up. */
export const reduction: Operators = {
  ReduceMean: along(),
  ReduceL1: along(),
  ReduceL2: along(),
  ReduceLogSum: along(),
  ReduceLogSumExp: along(),
  ReduceSumSquare: along(),
  ReduceSum: along((values) => values.reduce((a, b) => a + b, 0)),
  ReduceProd: along((values) => values.reduce((a, b) => a * b, 1)),
  ReduceMax: along((values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  ReduceMin: along((values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)),
  ArgMax: argument,
  ArgMin: argument,
  CumSum: each({}),
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
  Det: { outputs: (call) => [tensor(dtypeAt(call, 0), shapeAt(call, 0)?.slice(0, -2) ?? null)] },
};
