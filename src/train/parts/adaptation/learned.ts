import { LimbeckError } from '../../../core/errors.ts';
import type * as tf from '../../../runtime/tf.ts';
import type { Layer, LayerVariable } from '../../../runtime/tfNamespace.ts';
import { layersOf } from '../../../student/layers/staticLayers.ts';
import type { ReadAdaptation } from './adaptation.ts';

/** A weight that learns, with its tfjs variable. */
export interface LearnedWeight {
  /** Its name in the student's `weightSpecs`. */
  readonly name: string;
  readonly layer: string;
  readonly variable: tf.Variable;
}

/** Normalizations by class name. */
const NORMS = ['BatchNormalization', 'LayerNormalization'];

/**
 * Restricts learning to the weights that the options name, until it is disposed.
 * Throws    student-not-trainable: none is left · unknown-output: a layer that does not exist
 */
export function chooseLearned(model: tf.LayersModel, options: ReadAdaptation): Disposable & { all: LearnedWeight[] } {
  const { learns, layers: wanted } = options;
  const layers = layersOf(model);
  const missing = wanted?.find((name) => !layers.some((layer) => layer.name === name));
  if (missing !== undefined) throw unknownLayer(missing, layers);
  const before = layers.flatMap((layer) => layer.weights.map((weight) => [weight, weight.trainable] as const));
  const all: LearnedWeight[] = [];
  for (const layer of layers) {
    const isWanted = wanted?.includes(layer.name) ?? true;
    // Weights that the model has frozen stay frozen.
    const own = new Set(layer.trainableWeights);
    for (const weight of layer.weights) {
      const isLearned = own.has(weight) && isWanted && learnsWeight(learns, options, layer, weight);
      if (own.has(weight)) weight.trainable = isLearned;
      if (isLearned) {
        all.push({ name: weight.originalName, layer: layer.name, variable: weight.read() as tf.Variable });
      }
    }
  }
  const restore = () => {
    for (const [weight, isTrainable] of before) weight.trainable = isTrainable;
  };
  if (learns === 'nothing') {
    // tfjs needs a gradient of something; this weight is near the end.
    const last = before.findLast(([, isTrainable]) => isTrainable)?.[0];
    if (last !== undefined) last.trainable = true;
    return { all, [Symbol.dispose]: restore };
  }
  if (all.length > 0) return { all, [Symbol.dispose]: restore };
  restore();
  throw new LimbeckError(
    'student-not-trainable',
    `The student "${model.name}" has no weight of the kind "${learns}" that may learn` +
      `${wanted === undefined ? '' : ` in ${quoted(wanted)}`}. Its layers are ${quoted(layers.map(({ name }) => name))}.`,
    { details: { learns, layers: wanted } },
  );
}

function learnsWeight(
  learns: ReadAdaptation['learns'],
  { withBiases }: ReadAdaptation,
  layer: Layer,
  weight: LayerVariable,
): boolean {
  const isNorm = NORMS.includes(layer.getClassName());
  const isVector = weight.shape.length === 1;
  if (learns === 'nothing') return false;
  if (learns === 'biases') return isVector && !isNorm;
  if (learns === 'norms') return isNorm;
  if (learns === 'low-rank') return !isNorm && (!isVector || withBiases);
  return true;
}

function unknownLayer(name: string, layers: readonly Layer[]): LimbeckError {
  const given = layers.map((layer) => layer.name);
  return new LimbeckError('unknown-output', `The student has no layer "${name}". Its layers are ${quoted(given)}.`, {
    details: { needed: name, given },
  });
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
