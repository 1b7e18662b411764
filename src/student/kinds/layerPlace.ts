import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { Layer, Tf } from '../../runtime/tfNamespace.ts';
import type { LayerPlace } from '../student.ts';

/** Throws    student-invalid: no such layer, one that is used more than once, or one with several outputs */
export function layerAt({ layers }: LayersModel, place: LayerPlace): Layer {
  const layer = typeof place === 'number' ? layers[place] : layers.find(({ name }) => name === place);
  if (layer !== undefined && layer.inboundNodes.length === 1 && !Array.isArray(layer.output)) return layer;
  const known = layers.map(({ name }, i) => `${i} "${name}"`).join(', ');
  const why = layer === undefined ? 'is not there' : 'is used more than once, or gives several tensors';
  throw new LimbeckError('student-invalid', `The layer ${JSON.stringify(place)} ${why}. The layers are ${known}.`, {
    details: { place, layers: layers.map(({ name }) => name) },
  });
}

export function outputOf(layer: Layer): SymbolicTensor {
  return layer.output as SymbolicTensor;
}

/**
 * The mean over space or time: [B, H, W, F], [B, T, F] or [B, F] → [B, F].
 * Throws    student-invalid: another rank
 */
export function pooled(tf: Tf, tensor: SymbolicTensor, subject: string): SymbolicTensor {
  if (tensor.rank === 2) return tensor;
  if (tensor.rank === 3) return tf.layers.globalAveragePooling1d({}).apply(tensor) as SymbolicTensor;
  if (tensor.rank === 4) return tf.layers.globalAveragePooling2d({}).apply(tensor) as SymbolicTensor;
  throw new LimbeckError(
    'student-invalid',
    `What ${subject} reads is ${formatShape(tensor.shape)}; it must be [B, F], [B, T, F] or [B, H, W, F]. Choose another layer.`,
    { details: { shape: tensor.shape } },
  );
}
