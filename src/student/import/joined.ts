import { broadcastOperands } from './broadcastOperands.ts';
import type { OperatorImport, Step } from './operator.ts';
import { lengthsAt, outputShape, refuseUnknown } from './placing.ts';

type Merge = 'add' | 'multiply' | 'maximum' | 'minimum';

/** Of operands that are broadcast. tfjs's own layer joins tensors; numbers and weights go into one of ours. */
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
  return refuseUnknown(step) ?? (step.inputs.some((one) => one?.shape == null) ? 'a shape is not known' : undefined);
}
