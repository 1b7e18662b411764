import { derivedSeed } from '../core/random.ts';
import { sizeOf } from '../core/shape.ts';
import type { Loss, LossParameter, LossShapes, LossTensors } from '../losses/loss.ts';
import { checkShapes } from '../losses/terms.ts';
import * as tf from '../runtime/tf.ts';

/** A loss with its parameters and memory for one run; it frees them at the end. */
export interface OpenLoss extends Loss, Disposable {
  /** What is learned besides the student, and the same with what is remembered. */
  readonly variables: readonly tf.Variable[];
  readonly kept: readonly tf.Variable[];
  readonly shapes: LossShapes;
}

export interface OpenLossOptions {
  readonly shapes: LossShapes;
  /** Outputs of the teacher that are maps [B, C, H, W]; the loss sees them as [B, H, W, C]. */
  readonly channelsFirst?: readonly string[];
  readonly seed: number;
}

/**
 * Makes the parameters of a loss.
 * Throws    unknown-output · shape-mismatch · class-mismatch, and what the loss throws for the shapes
 */
export function openLoss(loss: Loss, { shapes, channelsFirst = [], seed }: OpenLossOptions): OpenLoss {
  checkShapes(loss, shapes);
  const wanted = Object.entries(loss.parameters?.(shapes) ?? {});
  const made = wanted.map(([name, parameter]) => makeVariable(`${loss.name}/${name}`, parameter, seed));
  const parameters = Object.fromEntries(wanted.map(([name], i) => [name, made[i] as tf.Variable]));
  const withOwn = (tensors: LossTensors): LossTensors => ({
    ...tensors,
    teacher: channelsLast(tensors.teacher, channelsFirst),
    parameters,
  });
  return {
    ...loss,
    shapes,
    variables: made.filter(({ trainable }) => trainable),
    kept: made,
    compute: (tfjs, tensors) => loss.compute(tfjs, withOwn(tensors)),
    ...(loss.perExample && { perExample: (tfjs, tensors) => loss.perExample?.(tfjs, withOwn(tensors)) as tf.Tensor1D }),
    [Symbol.dispose]: () => tf.dispose(made),
  };
}

/** The shapes, without the batch, as losses see them. */
export function channelsLastShapes(
  shapes: LossShapes['teacher'],
  names: readonly string[] = [],
): LossShapes['teacher'] {
  const turn = (name: string, shape: readonly (number | null)[]) =>
    names.includes(name) && shape.length === 3 ? [...shape.slice(1), ...shape.slice(0, 1)] : shape;
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, turn(name, shape)]));
}

function channelsLast(teacher: Readonly<Record<string, tf.Tensor>>, names: readonly string[]) {
  if (names.length === 0) return teacher;
  const turn = (name: string, tensor: tf.Tensor) =>
    names.includes(name) && tensor.rank === 4 ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
  return Object.fromEntries(Object.entries(teacher).map(([name, tensor]) => [name, turn(name, tensor)]));
}

function makeVariable(name: string, { shape, initial, isTrained = true }: LossParameter, seed: number): tf.Variable {
  return tf.tidy(() => tf.variable(initialValue([...shape], initial, derivedSeed(seed, name)), isTrained, name));
}

function initialValue(shape: number[], initial: LossParameter['initial'], seed: number): tf.Tensor {
  if (typeof initial === 'number') return tf.fill(shape, initial);
  if (initial === 'standard-normal') return tf.randomNormal(shape, 0, 1, 'float32', seed);
  const outgoing = shape.at(-1) ?? 1;
  const limit = Math.sqrt(6 / (sizeOf(shape) / outgoing + outgoing));
  return tf.randomUniform(shape, -limit, limit, 'float32', seed);
}
