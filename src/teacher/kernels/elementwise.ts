import { attributesOf, type Operator as OnnxOperator, operandsOf } from '../../onnx/operator.ts';
import * as operations from '../../runtime/operations.ts';
import * as tf from '../../runtime/tf.ts';
import { type Operator, unsupported } from './call.ts';
import { aligned } from './layoutValue.ts';

/** An operator on elements at the same place, in whatever order they lie; undefined where it is none that is computed. */
export function elementwise(operator: OnnxOperator | undefined): Operator | undefined {
  const { compute, operands } = operator ?? {};
  if (operator === undefined || compute === undefined || operands === undefined) return undefined;
  return (call) => {
    const attributes = attributesOf(operator, call.onnx);
    if (attributes === undefined) throw unsupported(call, 'its attributes depend on the data');
    if (operandsOf(operator, call.onnx) === 'each') {
      const { tensor, order } = call.value(0);
      return { tensor: compute(tf, [tensor], attributes, operations), order };
    }
    const { tensors, order } = aligned(call.step.inputs.map((_, i) => call.value(i)));
    return { tensor: compute(tf, tensors, attributes, operations), order };
  };
}
