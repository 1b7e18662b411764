import { LimbeckError } from '../../core/errors.ts';
import type { SymbolicTensor, Tensor } from '../../runtime/tf.ts';
import type { Layer, Tf } from '../../runtime/tfNamespace.ts';
import { type LayerClass, layerClass } from './layerClass.ts';
import { multiHeadAttentionClass } from './multiHeadAttention.ts';

/** What can be read inside an attention layer, before it is split into heads. */
export type AttentionPart = 'queries' | 'keys' | 'values';

const PARTS: readonly AttentionPart[] = ['queries', 'keys', 'values'];

/** What a tap needs of an attention layer. */
interface Projecting {
  project(from: Tensor, place: number): Tensor;
}

interface AttentionTapConfig {
  readonly source: Layer;
  readonly place: number;
}

/**
 * The queries, keys or values of an attention layer as a further output of its model: [B, T, F], heads side by side in
 * the last axis. It computes with the layer's own weights, so gradients reach their kernels, and has no weights itself.
 * The model that holds it is for training only and cannot be saved; the model around the attention layer can.
 * Throws    unknown-output: not an attention layer, or an unknown part · student-invalid: a layer that is in no model,
 *           or used twice
 */
export function attentionTap(tf: Tf, layer: Layer, part: string): SymbolicTensor {
  const place = PARTS.indexOf(part as AttentionPart);
  const isAttention: boolean = layer instanceof multiHeadAttentionClass(tf);
  if (!isAttention) {
    throw new LimbeckError(
      'unknown-output',
      `"${layer.name}/${part}" reads inside the layer "${layer.name}", which is a ${layer.getClassName()}. Only ` +
        `multi-head attention offers parts (${PARTS.join(', ')}); read "${layer.name}" itself.`,
      { details: { layer: layer.name, part } },
    );
  }
  if (place < 0) {
    throw new LimbeckError(
      'unknown-output',
      `The attention layer "${layer.name}" has no part "${part}". It offers ${PARTS.join(', ')}.`,
      { details: { layer: layer.name, part, offered: PARTS } },
    );
  }
  return new (attentionTapClass(tf))({ source: layer, place }).apply(inputOf(layer)) as SymbolicTensor;
}

/** Throws    student-invalid */
function inputOf(layer: Layer): SymbolicTensor {
  try {
    return layer.input as SymbolicTensor;
  } catch (cause) {
    throw new LimbeckError(
      'student-invalid',
      `The attention layer "${layer.name}" has no input of its own: it must stand in its model exactly once.`,
      { details: { layer: layer.name }, cause },
    );
  }
}

/** tfjs's class of the tap; recorded steps must know it. */
export const attentionTapClass: (tf: Tf) => LayerClass = layerClass(
  (tf) =>
    class AttentionTap extends tf.layers.Layer {
      static readonly className = 'AttentionTap';
      private readonly source: Layer;
      private readonly place: number;

      constructor({ source, place }: AttentionTapConfig) {
        super({ trainable: false } as never);
        this.source = source;
        this.place = place;
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return inputShape;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        return tf.tidy(() => (this.source as unknown as Projecting).project(x, this.place));
      }
    },
);
