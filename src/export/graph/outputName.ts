import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { activationName } from './activate.ts';
import type { ModelTopology, TopologyLayer } from './topology.ts';

/** Activations that give probabilities; their inputs are logits. Log-probabilities may be called logits, because their softmax is the same. */
const PROBABILITIES = ['softmax', 'sigmoid'];

/**
 * The name of a model's only output in a file: its layer's name if one was given, else 'logits', or 'probs' if the model ends
 * in such an activation. A layer named 'logits' that gives probabilities is ignored.
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

/** Of the last layer, also inside a nested model. */
function activationOf({ className, config, model }: TopologyLayer): string {
  const inner = model && outputLayerOf(model);
  if (inner !== undefined) return activationOf(inner);
  return className === 'Softmax' ? 'softmax' : activationName(config['activation']);
}

/** Whether tfjs or Keras generated the name from the class: "dense_Dense3", "dense_2", "dense". */
function hasGeneratedName({ name, className }: TopologyLayer): boolean {
  const lettersOf = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, '');
  const own = lettersOf(className);
  return [own, own + own].includes(lettersOf(name));
}
