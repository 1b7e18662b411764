import { DATA_TYPES, dataTypeOf } from '../../../onnx/dataTypes.ts';
import { attributesOf } from '../../../onnx/operator.ts';
import { operatorOf } from '../../../onnx/operators.ts';
import { int } from '../../../onnx/shapes/call.ts';
import { fromRecord } from '../fromRecord.ts';
import { joined, refuseJoined } from '../joined.ts';
import type { OperatorImport, OperatorTable, Step } from '../operator.ts';

/** Elementwise operators that tfjs has a layer for, or that are sometimes refused. */
export const arithmetic: OperatorTable = {
  Add: joined('add', 'add'),
  Sum: joined('sum', 'add'),
  Mean: joined('mean', 'average'),
  Mul: joined('mul', 'multiply'),
  Max: joined('max', 'maximum'),
  Min: joined('min', 'minimum'),
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
  Cast: cast('Cast', (step) => int(step, 'to', 1)),
  CastLike: cast('CastLike', (step) => dataTypeOf(step.inputs[1]?.dtype ?? '')),
};

function cast(operator: string, target: (step: Step) => number): OperatorImport {
  return {
    ...(fromRecord(operator, 'Cast') as OperatorImport),
    refuse(step) {
      const record = operatorOf('', operator);
      if (record !== undefined && attributesOf(record, step) !== undefined) return undefined;
      return `it casts to ${DATA_TYPES[target(step)]?.name ?? `type ${target(step)}`}`;
    },
  };
}
