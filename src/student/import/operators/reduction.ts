import { axesOf, int, numbersAt } from '../../../onnx/shapes/call.ts';
import type { OperatorTable, Step } from '../operator.ts';
import { BATCH, complete, frontAxis, lengthsAt, outputShape, refuseUnknown } from '../placing.ts';
import { reduced } from '../reduced.ts';

function axesAlong(step: Step): number[] | undefined {
  const rank = step.inputs[0]?.shape?.length ?? 0;
  const given = axesOf(step, 'axes', 1);
  if (given === null) return undefined;
  if (given === undefined || given.length === 0) {
    return int(step, 'noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
  }
  return given.map((axis) => frontAxis(axis, rank));
}

function along(operator: string): OperatorTable[string] {
  return {
    reads: [0],
    refuse(step) {
      const [unknown, axes] = [refuseUnknown(step), axesAlong(step)];
      if (unknown !== undefined || axes === undefined) return unknown ?? 'its axes are not known';
      return axes.some((axis) => step.inputs[0]?.shape?.[axis] === BATCH) ? 'it runs over the batch' : undefined;
    },
    build: (step, builder) => [reduced(step, builder, operator, axesAlong(step) ?? [], int(step, 'keepdims', 1) === 1)],
  };
}

function arg(operator: string): OperatorTable[string] {
  return {
    refuse: (step) =>
      int(step, 'select_last_index', 0) === 1 ? 'it takes the last of equal values' : refuseUnknown(step),
    build(step, builder) {
      const axis = frontAxis(int(step, 'axis', 0), step.inputs[0]?.shape?.length ?? 0);
      return [reduced(step, builder, operator, [axis], int(step, 'keepdims', 1) === 1)];
    },
  };
}

const KINDS = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'];

/** Operators that make one number of many. */
export const reduction: OperatorTable = {
  ...Object.fromEntries(KINDS.map((kind) => [`Reduce${kind}`, along(`reduce${kind}`)])),
  ArgMax: arg('argMax'),
  ArgMin: arg('argMin'),
  CumSum: {
    reads: [0],
    refuse: (step) => refuseUnknown(step) ?? (numbersAt(step, 1) === undefined ? 'its axis is not known' : undefined),
    build(step, builder) {
      const value = builder.value(step, 0);
      const axes = complete(value);
      const axis = axes.indexOf(frontAxis(numbersAt(step, 1)?.[0] ?? 0, value.rank));
      const attributes = { axis, exclusive: int(step, 'exclusive', 0), reverse: int(step, 'reverse', 0) };
      const shape = lengthsAt(outputShape(step), axes);
      const operands = [builder.arrange(value, axes)];
      return [
        { tensor: builder.operate(step, { operator: 'cumSum', operands, attributes, shape }), axes, rank: value.rank },
      ];
    },
  },
};
