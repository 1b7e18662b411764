import { LimbeckError } from '../core/errors.ts';
import * as tf from '../runtime/tf.ts';
import { applyModel, applyStudent, describeStudent } from './build.ts';
import { attentionTap } from './layers/attentionTap.ts';

/** A student whose inner layers can be read like outputs. */
export interface TappedStudent {
  /** Outputs and tapped layers with their shapes, without the batch; a free length is null. */
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** Their values by name, for a batch. Called inside a tidy. */
  apply(inputs: readonly tf.Tensor[], mode: 'training' | 'inference'): Record<string, tf.Tensor>;
}

/**
 * A student with some of its layers as further outputs, under the layers' names; inside an attention layer also
 * "NAME/queries", "NAME/keys" and "NAME/values". It shares the student's layers and owns nothing: dispose the student
 * as before.
 * Throws    unknown-output: a name that is neither an output nor a layer with one output, nor a part of one
 */
export function tapStudent(model: tf.LayersModel, names: readonly string[]): TappedStudent {
  const { outputs } = describeStudent(model);
  const taps = [...new Set(names)].filter((name) => outputs[name] === undefined);
  if (taps.length === 0) return { outputs, apply: (inputs, mode) => applyStudent(model, inputs, mode) };
  const tensors = taps.map((name) => tensorOf(model, name));
  // The layer may give an output already, and tfjs accepts no tensor twice.
  const all = [...new Set([...model.outputs, ...tensors])];
  const tapped = tf.model({ inputs: model.inputs, outputs: all });
  const places = [...model.outputs, ...tensors].map((tensor) => all.indexOf(tensor));
  const own = Object.keys(outputs);
  const shapes = Object.fromEntries(taps.map((name, i) => [name, (tensors[i] as tf.SymbolicTensor).shape.slice(1)]));
  return {
    outputs: { ...outputs, ...shapes },
    apply(inputs, mode) {
      const results = applyModel(tapped, inputs, mode);
      return Object.fromEntries([...own, ...taps].map((name, i) => [name, results[places[i] as number] as tf.Tensor]));
    },
  };
}

function tensorOf(model: tf.LayersModel, name: string): tf.SymbolicTensor {
  // An only output is called 'logits' and by its layer's name, however often the layer is used.
  const [only, ...others] = model.outputs;
  if (others.length === 0 && only?.sourceLayer.name === name) return only;
  const [, owner, part] = /^(.*)\/([^/]+)$/.exec(name) ?? [];
  const inside = model.layers.find((one) => one.name === owner);
  if (inside !== undefined && part !== undefined && !model.layers.some((one) => one.name === name)) {
    return attentionTap(tf, inside, part);
  }
  const layer = model.layers.find((one) => one.name === name);
  const output = layer?.inboundNodes.length === 1 ? layer.output : undefined;
  if (output !== undefined && !Array.isArray(output)) return output;
  const outputs = Object.keys(describeStudent(model).outputs);
  const layers = model.layers.map((one) => one.name);
  const why = layer === undefined ? 'has none of that name' : 'uses that layer more than once, or it gives several';
  throw new LimbeckError(
    'unknown-output',
    `The loss reads "${name}" of the student, which ${why}. Its outputs are ${quoted(outputs)}, its layers ` +
      `${quoted(layers)}.`,
    { details: { side: 'student', needed: name, given: outputs, layers } },
  );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
