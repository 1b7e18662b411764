import { each } from '../elementwise.ts';
import type { Operator, Operators } from '../operator.ts';
import { dtypeAt, input, int, shapeAt } from '../shapes/call.ts';
import { axisOf, type Inferred, tensor } from '../shapes/tensor.ts';

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

/** Operators that bring values to one scale. */
export const normalization: Operators = {
  Softmax: each({}),
  LogSoftmax: each({}),
  Hardmax: each({}),
  BatchNormalization: batchNormalization,
  LayerNormalization: rowNormalization('float32'),
  SimplifiedLayerNormalization: rowNormalization('float32'),
  RMSNormalization: each({}),
  InstanceNormalization: each({}),
  GroupNormalization: each({}),
  MeanVarianceNormalization: each({}),
  LpNormalization: each({}),
  LRN: each({}),
};
