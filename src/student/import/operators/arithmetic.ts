import { DATA_TYPES } from '../../../onnx/model.ts';
import { int } from '../../../onnx/shapes/call.ts';
import { dataTypeOf } from '../../../onnx/tensorData.ts';
import { joined, refuseJoined } from '../joined.ts';
import type { OperatorImport, OperatorTable, Step } from '../operator.ts';
import { elementwise } from '../placing.ts';

/** A function of each element that is no activation. */
function plain(operator: string): OperatorImport {
  return elementwise((step, builder, x) => builder.operate(step, { operator, operands: [x], shape: x.shape }));
}

const FUNCTIONS =
  'Abs Neg Exp Log Sqrt Reciprocal Erf Floor Ceil Round Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Not'.split(
    ' ',
  );

/** Operators on elements at the same place. */
export const arithmetic: OperatorTable = {
  ...Object.fromEntries(FUNCTIONS.map((name) => [name, plain(name.charAt(0).toLowerCase() + name.slice(1))])),
  Add: joined('add', 'add'),
  Sum: joined('sum', 'add'),
  Mean: joined('mean', 'average'),
  Mul: joined('mul', 'multiply'),
  Max: joined('max', 'maximum'),
  Min: joined('min', 'minimum'),
  Sub: joined('sub'),
  Div: {
    ...joined('div'),
    refuse: (step) =>
      step.outputs[0]?.dtype?.includes('int') === true ? 'it divides whole numbers' : refuseJoined(step),
  },
  Mod: {
    ...joined('mod'),
    refuse: (step) =>
      int(step, 'fmod', 0) === 1 && step.outputs[0]?.dtype?.includes('int') === true
        ? 'it divides whole numbers toward zero'
        : refuseJoined(step),
  },
  Equal: joined('equal'),
  Greater: joined('greater'),
  GreaterOrEqual: joined('greaterOrEqual'),
  Less: joined('less'),
  LessOrEqual: joined('lessOrEqual'),
  And: joined('and'),
  Or: joined('or'),
  Xor: joined('xor'),
  Where: joined('where'),
  Pow: {
    refuse: refuseJoined,
    build(step, builder) {
      const exponent = step.constant(1);
      if (exponent?.data.length !== 1 || step.constant(0) !== undefined) return joined('pow').build(step, builder);
      return elementwise((_, __, x) =>
        builder.operate(step, {
          operator: 'pow',
          operands: [x],
          attributes: { exponent: exponent.data[0] as number },
          shape: x.shape,
        }),
      ).build(step, builder);
    },
  },
  Cast: cast((step) => int(step, 'to', 1)),
  CastLike: { ...cast((step) => dataTypeOf(step.inputs[1]?.dtype ?? '')), reads: [0] },
};

function cast(target: (step: Step) => number): OperatorImport {
  return {
    ...elementwise((step, builder, x) => {
      const to = CASTS[target(step)] ?? 'float32';
      return builder.operate(step, { operator: 'cast', operands: [x], attributes: { to }, shape: x.shape });
    }),
    refuse(step) {
      const to = target(step);
      return to in CASTS ? undefined : `it casts to ${DATA_TYPES[to]?.name ?? `type ${to}`}`;
    },
  };
}

/** ONNX's element types as those of tfjs. */
const CASTS: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'int32',
  3: 'int32',
  4: 'int32',
  5: 'int32',
  6: 'int32',
  7: 'int32',
  9: 'bool',
  10: 'float32',
  11: 'float32',
  12: 'int32',
  13: 'int32',
  16: 'float32',
};
