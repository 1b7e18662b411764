import type { StudentArtifacts, WeightSpec } from '../student.ts';
import { classifierOf, type Functional, functionalOf, hasSoftmax, type LayerEntry } from '../topology/classifier.ts';
import { joinWeights, splitWeights } from '../weightBytes.ts';
import type { NeighbourMemory } from './patch.ts';
import { patchMismatch } from './patchMismatch.ts';

/**
 * The same student with remembered examples in place of its last layer, under that layer's name. See
 * `nearestNeighbours`.
 * Throws    student-invalid: see `classifierOf` · patch-mismatch: features of another length than the last layer reads,
 *           or unknown classes
 */
export function withMemory(artifacts: StudentArtifacts, memory: NeighbourMemory, classes: number): StudentArtifacts {
  const { layer } = classifierOf(artifacts);
  const { topology, config } = functionalOf(artifacts);
  const { features, labels, k, temperature } = memory;
  const examples = labels.length;
  const length = features.length / examples;
  const needed = artifacts.weightSpecs.find(({ name }) => name === `${layer}/kernel`)?.shape[0];
  if (length !== needed) {
    throw patchMismatch(`its memory holds ${length} features of an example, "${layer}" reads ${String(needed)}`, {
      needed,
      given: length,
    });
  }
  const wrong = labels.find((label) => label >= classes);
  if (wrong !== undefined) {
    throw patchMismatch(`its memory knows the class ${wrong}, the student has ${classes}, counted from 0`, {
      classes,
      given: wrong,
    });
  }
  const entry = config.layers.find(({ name }) => name === layer) as LayerEntry;
  if (hasSoftmax(entry)) addSoftmax(config, layer);
  entry.class_name = 'NearestNeighbours';
  entry.config = { name: layer, trainable: false, examples, classes, k, temperature };
  const kept = splitWeights(artifacts).filter(({ name }) => !name.startsWith(`${layer}/`));
  const votes = new Float32Array(examples * classes);
  for (const [i, label] of labels.entries()) votes[i * classes + label] = 1;
  const specs: readonly WeightSpec[] = [
    ...kept.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    { name: `${layer}/memory`, shape: [examples, length], dtype: 'float32' },
    { name: `${layer}/votes`, shape: [examples, classes], dtype: 'float32' },
  ];
  const own = Float32Array.from(features);
  const parts = [...kept.map(({ bytes }) => bytes), new Uint8Array(own.buffer), new Uint8Array(votes.buffer)];
  return { modelTopology: topology, weightSpecs: specs, weightData: joinWeights(parts) };
}

/** The memory gives logits; the layer that it replaces gave probabilities. */
function addSoftmax(config: Functional['config'], layer: string): void {
  const name = `${layer}_softmax`;
  const own = { name, trainable: false, activation: 'softmax', dtype: 'float32' };
  config.layers.push({ name, class_name: 'Activation', config: own, inbound_nodes: [[[layer, 0, 0, {}]]] });
  config.output_layers = config.output_layers.map((output) => (output[0] === layer ? [name, 0, 0] : output));
}
