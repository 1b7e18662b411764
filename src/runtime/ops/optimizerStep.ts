import { LimbeckError } from '../../core/errors.ts';
import type { NamedAttrMap, Tensor, Variable } from '../tf.ts';
import type { Tf } from '../tfNamespace.ts';

export type StepRule = 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'lamb' | 'lion';

/** A variable with the optimizer's state. */
export interface StepParameter {
  readonly variable: Variable;
  /** Of this step. */
  gradient: Tensor;
  /** The velocity (momentum, nesterov), m (lion), or m and v (adam, adamw, lamb); of the variable's shape. */
  readonly slots: readonly Variable[];
  /** Whether weight decay, and LAMB's scaling of a layer's step, apply to it. */
  readonly isDecayed: boolean;
}

export interface StepNumbers {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** The momentum of the rules that have one. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The largest norm over all gradients; larger gradients are scaled down to it. */
  readonly clipNorm?: number;
}

export interface StepCall {
  readonly rule: StepRule;
  readonly parameters: readonly StepParameter[];
  readonly numbers: StepNumbers;
  /** The sum of the squares of all gradients, finite, if it is known: a GPU gives no sum synchronously. */
  readonly squares?: number;
}

/**
 * One step of an optimizer over all parameters: weights and slots are replaced, in place if the kernel 'OptimizerStep'
 * is installed, else by tfjs operations that give the same bits (except the last bit of the norms that clipping and
 * LAMB use).
 * Shapes    a gradient and its slots have the shape of their variable
 * Throws    not-finite: a gradient is NaN or infinite; nothing has changed then
 * Source    torch.optim.SGD, Adam and AdamW; You et al. 2020, arXiv:1904.00962, algorithm 2 (LAMB); Chen et al. 2023,
 *           arXiv:2302.06675, algorithm 2 (Lion); torch.nn.utils.clip_grad_norm_
 */
export function optimizerStep(tf: Tf, call: StepCall): void {
  const kernel = tf.getKernel('OptimizerStep', tf.getBackend());
  if (kernel !== undefined && isFusable(call.parameters)) {
    // Not `runKernel`, which would track every tensor of the model; that costs more than the step.
    kernel.kernelFunc({ inputs: {}, attrs: call as unknown as NamedAttrMap, backend: tf.backend() });
  } else composeStep(tf, call);
}

/** Whether the kernel can address everything: float32, no empty tensor, few enough values for 32-bit numbers. */
export function isFusable(parameters: readonly StepParameter[]): boolean {
  let values = 0;
  for (const { variable, gradient, slots } of parameters) {
    const { size } = variable;
    if (size === 0 || variable.dtype !== 'float32') return false;
    if (gradient.size !== size || gradient.dtype !== 'float32') return false;
    for (const slot of slots) if (slot.size !== size || slot.dtype !== 'float32') return false;
    values += size;
  }
  return values > 0 && values < 2 ** 28;
}

/** The numbers of a step that both implementations use; each is rounded to float32 once. */
export function coefficientsOf(rule: StepRule, numbers: StepNumbers) {
  const { step, learningRate, beta1, beta2, epsilon, weightDecay } = numbers;
  const firstScale = 1 / (1 - beta1 ** step);
  const isAdam = rule === 'adam' || rule === 'adamw';
  const isDecoupled = rule === 'adamw' || rule === 'lion';
  return {
    rate: isAdam ? learningRate * firstScale : learningRate,
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    firstScale,
    rootScale: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
    /** Decay added to the gradient, and decoupled decay. */
    coupled: isDecoupled || rule === 'lamb' ? 0 : weightDecay,
    decoupled: rule === 'lamb' ? weightDecay : isDecoupled ? learningRate * weightDecay : 0,
  };
}

/** The factor of the gradients, from the sum of their squares, as in PyTorch's clip_grad_norm_. */
export function clipScale(squares: number, { clipNorm }: StepNumbers): number {
  return clipNorm === undefined ? 1 : Math.min(1, clipNorm / (Math.sqrt(squares) + 1e-6));
}

/** LAMB's ‖w‖ / ‖update‖, or 1 if either is zero. */
export function trustRatio(weightSquares: number, updateSquares: number): number {
  return weightSquares > 0 && updateSquares > 0 ? Math.sqrt(weightSquares / updateSquares) : 1;
}

/** The error of a gradient that is not finite; only now is it looked up which one. */
export function lostGradient(parameters: readonly StepParameter[]): LimbeckError {
  const isLost = ({ gradient }: StepParameter) => !Number.isFinite(sumOfSquares(gradient));
  const name = parameters.find(isLost)?.variable.name ?? '';
  return new LimbeckError(
    'not-finite',
    `The gradient of "${name}" holds a value that is NaN or infinite; no weight was changed by this step. ` +
      'Lower the learning rate.',
    { details: { variable: name } },
  );
}

function sumOfSquares(tensor: Tensor): number {
  let sum = 0;
  for (const value of tensor.dataSync<'float32'>()) sum += value * value;
  return sum;
}

function composeStep(tf: Tf, { rule, parameters, numbers, squares: known }: StepCall): void {
  const squares = known ?? parameters.reduce((sum, { gradient }) => sum + sumOfSquares(gradient), 0);
  if (!Number.isFinite(squares)) throw lostGradient(parameters);
  const scale = clipScale(squares, numbers);
  const ratioOf = known === undefined ? plainRatio : tensorRatio(tf);
  for (const parameter of parameters) tf.tidy(() => composeOne(tf, rule, parameter, numbers, scale, ratioOf));
}

/** The formulas of wasm/optimizers, operation by operation. */
function composeOne(
  tf: Tf,
  rule: StepRule,
  parameter: StepParameter,
  numbers: StepNumbers,
  scale: number,
  ratioOf: RatioOf,
): void {
  const { variable: w, slots, isDecayed } = parameter;
  const { beta1, beta2 } = numbers;
  const { rate, rest1, rest2, firstScale, rootScale, epsilon, ...decay } = coefficientsOf(rule, numbers);
  const coupled = isDecayed ? decay.coupled : 0;
  const decoupled = isDecayed ? decay.decoupled : 0;
  const [first, second] = slots as readonly [Variable, Variable];
  const g = tf.add(tf.mul(parameter.gradient, scale), tf.mul(w, coupled));
  const moment = (beta: number, rest: number, slot: Tensor, value: Tensor) =>
    tf.add(tf.mul(slot, beta), tf.mul(value, rest));
  const root = () => tf.add(tf.mul(tf.sqrt(second), rootScale), epsilon);
  if (rule === 'sgd') {
    w.assign(tf.sub(w, tf.mul(g, rate)));
  } else if (rule === 'momentum' || rule === 'nesterov') {
    first.assign(tf.add(tf.mul(first, beta1), g));
    const step = rule === 'momentum' ? first : tf.add(g, tf.mul(first, beta1));
    w.assign(tf.sub(w, tf.mul(step, rate)));
  } else if (rule === 'lion') {
    const direction = tf.sign(moment(beta1, rest1, first, g));
    first.assign(moment(beta2, rest2, first, g));
    w.assign(tf.sub(w, tf.add(tf.mul(direction, rate), tf.mul(w, decoupled))));
  } else {
    first.assign(moment(beta1, rest1, first, g));
    second.assign(moment(beta2, rest2, second, tf.mul(g, g)));
    if (rule === 'lamb') {
      const update = tf.add(tf.div(tf.mul(first, firstScale), root()), tf.mul(w, decoupled));
      const ratio = isDecayed ? ratioOf(w, update) : 1;
      w.assign(tf.sub(w, tf.mul(update, typeof ratio === 'number' ? rate * ratio : tf.mul(ratio, rate))));
    } else {
      w.assign(tf.sub(w, tf.add(tf.mul(tf.div(first, root()), rate), tf.mul(w, decoupled))));
    }
  }
}

type RatioOf = (weight: Tensor, update: Tensor) => number | Tensor;

const plainRatio: RatioOf = (weight, update) => trustRatio(sumOfSquares(weight), sumOfSquares(update));

/** The same on backends that give no numbers synchronously. */
function tensorRatio(tf: Tf): RatioOf {
  return (weight, update) => {
    const [w, u] = [tf.sum(tf.square(weight)), tf.sum(tf.square(update))];
    return tf.where(tf.greater(tf.mul(w, u), 0), tf.sqrt(tf.div(w, u)), 1);
  };
}
