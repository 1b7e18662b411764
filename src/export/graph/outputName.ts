import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { activationName } from './activate.ts';
import type { ModelTopology, TopologyLayer } from './topology.ts';

/** What gives probabilities; 'logits' are what goes in. Log-probabilities may be called logits: their softmax is the same. */
const PROBABILITIES = ['softmax', 'sigmoid'];

/**
 * The name of a model's only output in a file: its layer's, where the layer was given one, else 'logits', or 'probs' where
 * it ends in what makes them. A layer that is called 'logits' and gives probabilities has no say.
 */
export function onlyOutputName(model: ModelTopology): string {
  const layer = outputLayerOf(model);
  if (layer === undefined) return DEFAULT_OUTPUT;
  const said = PROBABILITIES.includes(activationOf(layer)) ? 'probs' : DEFAULT_OUTPUT;
  return layer.name === DEFAULT_OUTPUT || hasGeneratedName(layer) ? said : layer.name;
}

function outputLayerOf({ layers, outputs }: ModelTopology): TopologyLayer | undefined {
  return layers.find(({ name }) => name === outputs[0]?.layer);
}

/** Of the last layer, in a model that is a layer too. */
function activationOf({ className, config, model }: TopologyLayer): string {
  const inner = model && outputLayerOf(model);
  if (inner !== undefined) return activationOf(inner);
  return className === 'Softmax' ? 'softmax' : activationName(config['activation']);
}

/** Whether tfjs or Keras made the name of the class: "dense_Dense3", "dense_2", "dense". */
function hasGeneratedName({ name, className }: TopologyLayer): boolean {
  const lettersOf = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, '');
  const own = lettersOf(className);
  return [own, own + own].includes(lettersOf(name));
}
