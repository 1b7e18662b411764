import type { StudentArtifacts } from '../student.ts';
import { joinWeights, splitWeights } from '../weightBytes.ts';
import { type Classifier, functionalOf } from './classifier.ts';

/** What stands before the names of the upper layers. */
const UPPER = 'upper_';

/**
 * A student whose last layer is another student, of features [B, F] → logits [B, C]. Layers and weights of the upper one are called
 * 'upper_…'.
 */
export function stacked(
  lower: StudentArtifacts,
  { layer, features }: Classifier,
  upper: StudentArtifacts,
): StudentArtifacts {
  const { topology, config } = functionalOf(lower);
  const above = functionalOf(upper).config;
  const input = above.input_layers[0]?.[0];
  const nameOf = (name: string) => (name === input ? features : `${UPPER}${name}`);
  const readsLast = ({ inbound_nodes: nodes }: (typeof config.layers)[number]) =>
    nodes.some((node) => node.some(([name]) => name === layer));
  config.layers = [
    // A softmax may stand behind the last layer.
    ...config.layers.filter((one) => one.name !== layer && !readsLast(one)),
    ...above.layers
      .filter(({ name }) => name !== input)
      .map((one) => ({
        ...one,
        name: nameOf(one.name),
        config: { ...one.config, name: nameOf(one.name) },
        inbound_nodes: one.inbound_nodes.map((node) =>
          node.map(([name, ...rest]): (typeof node)[number] => [nameOf(name), ...rest]),
        ),
      })),
  ];
  config.output_layers = above.output_layers.map(([name, ...rest]) => [nameOf(name), ...rest]);
  const weights = [
    ...splitWeights(lower).filter(({ name }) => !name.startsWith(`${layer}/`)),
    ...splitWeights(upper).map((weight) => ({ ...weight, name: `${UPPER}${weight.name}` })),
  ];
  return {
    modelTopology: topology,
    weightSpecs: weights.map(({ bytes: _, ...spec }) => spec),
    weightData: joinWeights(weights.map(({ bytes }) => bytes)),
  };
}
