import { hasAttribute } from '../../onnx/shapes/call.ts';
import { broadcastOperands } from './broadcastOperands.ts';
import type { OperatorImport, Step } from './operator.ts';
import { BATCH, lengthsAt, outputShape, refuseUnknown } from './placing.ts';

type Merge = 'add' | 'multiply' | 'maximum' | 'minimum' | 'average';

/** Broadcast operands. tfjs's own layer joins tensors; numbers and weights go into an `OnnxOperator`. */
export function joined(operator: string, layer?: Merge): OperatorImport {
  return {
    refuse: refuseJoined,
    build(step, builder) {
      const { operands, axes, rank } = broadcastOperands(step, builder);
      const tensors = operands.flatMap((one) => (typeof one === 'object' && 'sourceLayer' in one ? [one] : []));
      const { tf, apply, name } = builder;
      if (layer !== undefined && tensors.length === operands.length && tensors.length > 1) {
        return [{ tensor: apply(tf.layers[layer]({ name: name(step) }), tensors), axes, rank }];
      }
      const shape = lengthsAt(outputShape(step), axes);
      return [{ tensor: builder.operate(step, { operator, operands, shape }), axes, rank }];
    },
  };
}

export function refuseJoined(step: Step): string | undefined {
  const unknown = refuseUnknown(step);
  if (unknown !== undefined) return unknown;
  if (step.inputs.some((one) => one?.shape == null)) return 'a shape is not known';
  if (step.opset < 7 && hasAttribute(step, 'axis')) return 'it says which axes to broadcast, as before version 7';
  // ONNX aligns axes from the end.
  const places = step.inputs.flatMap((one) => {
    const shape = one?.shape ?? [];
    return shape.includes(BATCH) ? [shape.length - shape.indexOf(BATCH)] : [];
  });
  return new Set(places).size > 1 ? 'it joins the batch of one operand with another axis of the other' : undefined;
}
