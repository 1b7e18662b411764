import type { LayersModel } from '../../runtime/tf.ts';
import type { Layer, LayerVariable } from '../../runtime/tfNamespace.ts';
import type { StudentArtifacts } from '../student.ts';
import { functionalOf } from './classifier.ts';

/** Whether a student has normalization layers, also in models inside it. */
export function hasNorms(artifacts: StudentArtifacts): boolean {
  const classes = ['BatchNormalization', 'LayerNormalization'];
  const text = JSON.stringify(functionalOf(artifacts).config.layers);
  return classes.some((name) => text.includes(`"class_name":"${name}"`));
}

/** What tfjs-layers' BatchNormalization keeps. */
export type BatchNormLayer = Layer & {
  axis: number;
  momentum: number;
  readonly epsilon: number;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
};

/** Every batch normalization of a model, also in models and wrappers inside it. */
export function batchNormsOf(model: LayersModel): BatchNormLayer[] {
  return model.layers.flatMap(batchNormsIn);
}

function batchNormsIn(layer: Layer): BatchNormLayer[] {
  if ('layers' in layer) return batchNormsOf(layer as unknown as LayersModel);
  if ('layer' in layer) return batchNormsIn(layer.layer as Layer);
  return layer.getClassName() === 'BatchNormalization' ? [layer as BatchNormLayer] : [];
}
