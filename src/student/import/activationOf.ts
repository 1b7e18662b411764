import { attributesOf, type Operator } from '../../onnx/operator.ts';
import { operatorOf } from '../../onnx/operators.ts';
import { float } from '../../onnx/shapes/call.ts';
import type { Builder, Step } from './operator.ts';

const PLAIN: Readonly<Record<string, string>> = { Relu: 'relu', Sigmoid: 'sigmoid', Tanh: 'tanh' };

/** The bounds of a Clip; undefined if one is computed. */
export function boundsOf(step: Step): { min?: number; max?: number } | undefined {
  return attributesOf(operatorOf('', 'Clip') as Operator, step);
}

/** tfjs's name for a node's function; undefined if it is not an activation of tfjs. */
export function activationOf(step: Step): string | undefined {
  const isNear = (name: string, value: number) => Math.abs((float(step, name) ?? value) - value) < 1e-5;
  switch (step.node.opType) {
    case 'Clip': {
      const { min, max } = boundsOf(step) ?? {};
      if (min !== 0) return undefined;
      return max === undefined ? 'relu' : max === 6 ? 'relu6' : undefined;
    }
    case 'HardSigmoid':
      return isNear('alpha', 0.2) && isNear('beta', 0.5) ? 'hardSigmoid' : undefined;
    case 'Selu':
      return isNear('alpha', 1.67326) && isNear('gamma', 1.0507) ? 'selu' : undefined;
    case 'Swish':
      return isNear('alpha', 1) ? 'swish' : undefined;
    case 'Elu':
      return isNear('alpha', 1) ? 'elu' : undefined;
    default:
      return PLAIN[step.node.opType];
  }
}

/** Activations that a convolution or dense layer computes with its product. */
const MERGED = new Set(['relu', 'relu6', 'sigmoid', 'tanh', 'elu']);

/** The activation after a node whose output only it reads, with its node. */
export function mergedActivation(step: Step, builder: Builder): { activation: string; last: Step } | undefined {
  const last = builder.follower(step);
  const activation = last && activationOf(last);
  return last !== undefined && activation !== undefined && MERGED.has(activation) ? { activation, last } : undefined;
}
