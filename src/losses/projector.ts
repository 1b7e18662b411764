import type { Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { type LossParameter, type LossTensors, parameter } from './loss.ts';

/**
 * What a trained linear map from `from` features to `to` asks for: 'kernel' [from, to] and 'bias' [to]; with a name,
 * such as 'query', 'queryKernel' and 'queryBias'. Random by Glorot's rule; the bias starts at 0.
 */
export function projectorParameters(from: number, to: number, name = ''): Record<string, LossParameter> {
  return {
    [partName(name, 'kernel')]: { shape: [from, to], initial: 'glorot-uniform' },
    [partName(name, 'bias')]: { shape: [to], initial: 0 },
  };
}

/**
 * Applies it to the last axis: a dense layer for [B, F], the same for each step of [B, T, F], and a 1×1 convolution for
 * maps [B, H, W, F]. Reaches the values and the parameters.
 */
export function project(tf: Tf, tensors: LossTensors, values: Tensor, name = ''): Tensor {
  return projectBy(
    tf,
    values,
    parameter(tensors, partName(name, 'kernel')),
    parameter(tensors, partName(name, 'bias')),
  );
}

/** values · kernel + bias, on the last axis of values [..., F] → [..., G]. */
export function projectBy(tf: Tf, values: Tensor, kernel: Tensor, bias: Tensor): Tensor {
  return tf.tidy(() => {
    const features = values.shape.at(-1) as number;
    const rows = tf.reshape(values, [-1, features]);
    const mapped = tf.add(tf.matMul(rows, kernel as typeof rows), bias);
    return tf.reshape(mapped, [...values.shape.slice(0, -1), kernel.shape[1] as number]);
  });
}

/**
 * The length of the last axis, such as the channels of a map; `subject` is whose it is, for the message.
 * Throws    shape-mismatch: it is free, or the shape has no axis
 */
export function featuresOf(shape: readonly (number | null)[] = [], subject: string): number {
  const features = shape.at(-1);
  if (typeof features === 'number') return features;
  throw new LimbeckError(
    'shape-mismatch',
    `Of ${subject} each example has the shape ${formatShape(shape)}; its last length must be known. Use an output with a ` +
      'fixed number of features.',
    { details: { shape } },
  );
}

/** 'kernel', or 'queryKernel' for the projector 'query'. */
function partName(name: string, part: 'kernel' | 'bias'): string {
  return name === '' ? part : `${name}${part[0]?.toUpperCase()}${part.slice(1)}`;
}
