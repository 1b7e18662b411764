import type { StudentArtifacts } from '../student.ts';
import { joinWeights, splitWeights } from '../weightBytes.ts';
import { type Classifier, functionalOf } from './classifier.ts';

/** The input of what `headOf` gives. */
export const HEAD_INPUT = 'features';

/**
 * The last layer as its own student: features [B, F] → logits [B, C], or [B, T, F] → [B, T, C], with the same weights under the
 * same names. The shape of the features is without the batch.
 */
export function headOf(
  artifacts: StudentArtifacts,
  { layer }: Classifier,
  features: readonly number[],
): StudentArtifacts {
  const { topology, config } = functionalOf(artifacts);
  const dense = config.layers.find(({ name }) => name === layer) as (typeof config.layers)[number];
  const input = { batch_input_shape: [null, ...features], dtype: 'float32', sparse: false, name: HEAD_INPUT };
  config.layers = [
    { name: HEAD_INPUT, class_name: 'InputLayer', config: input, inbound_nodes: [] },
    { ...dense, inbound_nodes: [[[HEAD_INPUT, 0, 0, {}]]] },
  ];
  config.input_layers = [[HEAD_INPUT, 0, 0]];
  config.output_layers = [[layer, 0, 0]];
  const own = splitWeights(artifacts).filter(({ name }) => name.startsWith(`${layer}/`));
  return {
    modelTopology: topology,
    weightSpecs: own.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    weightData: joinWeights(own.map(({ bytes }) => bytes)),
  };
}
