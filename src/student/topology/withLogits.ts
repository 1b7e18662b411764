import { LimbeckError } from '../../core/errors.ts';
import type { StudentArtifacts } from '../student.ts';
import { functionalOf, hasSoftmax, isSoftmaxLayer, type LayerEntry, lastLayerOf } from './classifier.ts';

/**
 * The student without its final softmax, a layer or the last layer's activation: with the same weights it gives logits,
 * which is what losses take. A student without a softmax is returned as it is.
 * Throws    student-invalid: the topology cannot be read
 */
export function withLogits(artifacts: StudentArtifacts): StudentArtifacts {
  const { topology, config } = functionalOf(artifacts);
  const last = lastLayerOf(config);
  if (last === undefined || !hasSoftmax(last)) return artifacts;
  if (isSoftmaxLayer(last)) {
    const before = last.inbound_nodes[0]?.[0]?.[0] as string;
    config.layers = config.layers.filter((layer) => layer !== last);
    config.output_layers = config.output_layers.map((output) => (output[0] === last.name ? [before, 0, 0] : output));
  } else last.config['activation'] = 'linear';
  return { ...artifacts, modelTopology: topology };
}

/**
 * The layer that gives the only output, or the output 'logits', if it is a softmax. Throws    student-invalid: no
 * topology
 */
export function softmaxOf(artifacts: StudentArtifacts): LayerEntry | undefined {
  const last = lastLayerOf(functionalOf(artifacts).config);
  return last !== undefined && hasSoftmax(last) ? last : undefined;
}

/** Throws    student-invalid: the student ends in a softmax, and its logits are needed */
export function refuseSoftmax(artifacts: StudentArtifacts): void {
  const last = softmaxOf(artifacts);
  if (last === undefined) return;
  throw new LimbeckError(
    'student-invalid',
    `The student ends in a softmax ("${last.name}"), and this learns from logits. Give the student without it: a last dense ` +
      'layer with activation "linear".',
    { details: { layer: last.name } },
  );
}
