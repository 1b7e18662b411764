import type * as tf from '../../../runtime/tf.ts';
import { layersOf } from '../../../student/layers/staticLayers.ts';
import { type Layer, type WeightPlace, weightsOf } from './weightPlaces.ts';

/** What is rounded in a layer. */
export interface Place {
  readonly layer: Layer;
  readonly weights: readonly WeightPlace[];
  readonly isOutputRounded: boolean;
}

const CONVOLUTIONS = new Set(['Conv1D', 'Conv2D', 'Conv3D', 'DepthwiseConv2D', 'SeparableConv2D']);
/** Layers with 8-bit inputs. */
const PRODUCTS = new Set([...CONVOLUTIONS, 'Dense', 'MultiHeadAttention']);
/** Layers that are computed in eight bits if all their inputs are. */
const JOINING = new Set([
  'Add',
  'Multiply',
  'Concatenate',
  'AveragePooling1D',
  'AveragePooling2D',
  'GlobalAveragePooling1D',
  'GlobalAveragePooling2D',
]);
/** Layers that only move or select values; their range is that of their input. */
const MOVING = new Set([
  'MaxPooling1D',
  'MaxPooling2D',
  'Flatten',
  'Reshape',
  'Permute',
  'ZeroPadding2D',
  'Cropping1D',
  'Cropping2D',
  'Dropout',
  'SpatialDropout1D',
]);

/**
 * Where a static int8 export rounds (`export/quantize/activations.ts`): the weights; what convolutions and dense layers
 * read; what a convolution gives; and from there on what joins such tensors. Nothing is rounded between two layers that the
 * export makes one: a convolution and the batch normalization that is folded into it, and either of them and a relu.
 */
export function placesOf(model: tf.LayersModel, exclude: readonly string[]): Place[] {
  const layers = layersOf(model).filter(({ name }) => !exclude.includes(name));
  const rounded = roundedOutputs(model, exclude);
  return layers
    .map((layer) => ({ layer, weights: weightsOf(layer, normAfter(layer)), isOutputRounded: rounded.has(layer) }))
    .filter(({ layer, weights, isOutputRounded }) => !isInput(layer) && (weights.length > 0 || isOutputRounded));
}

/** The names of the model's rounded inputs, by position; undefined for the others. */
export function roundedInputs(model: tf.LayersModel, exclude: readonly string[]): (string | undefined)[] {
  const rounded = roundedOutputs(model, exclude);
  // A Sequential has no inputNames.
  return model.inputs.map(({ sourceLayer: layer }) => {
    const isRounded = rounded.has(layer as Layer) && !exclude.includes(layer.name);
    return isRounded ? layer.name : undefined;
  });
}

/** Layers whose outputs are rounded, including input layers. */
function roundedOutputs(model: tf.LayersModel, exclude: readonly string[]): ReadonlySet<Layer> {
  const rounded = new Set<Layer>();
  const ends = new Set(endsOf(model));
  const layers = layersOf(model).filter(({ name }) => !exclude.includes(name));
  for (const layer of layers) {
    if (!PRODUCTS.has(layer.getClassName())) continue;
    for (const source of sourcesOf(layer)) rounded.add(source);
    if (CONVOLUTIONS.has(layer.getClassName())) rounded.add(tailOf(layer));
  }
  for (const layer of layers) {
    const isJoined = JOINING.has(layer.getClassName()) && sourcesOf(layer).every((source) => rounded.has(source));
    const tail = tailOf(layer);
    if (isJoined && !ends.has(tail)) rounded.add(tail);
  }
  return rounded;
}

/** The last of the layers that the export fuses with this one. */
function tailOf(layer: Layer): Layer {
  const norm = normAfter(layer) ?? layer;
  const [next, ...others] = nextOf(norm);
  return next !== undefined && others.length === 0 && isRelu(next) && isLinear(norm) ? next : norm;
}

/** The batch normalization that is folded into the layer. */
function normAfter(layer: Layer): Layer | undefined {
  const [next, ...others] = nextOf(layer);
  const name = layer.getClassName();
  const isFolded = (CONVOLUTIONS.has(name) || name === 'Conv2DTranspose' || name === 'Dense') && isLinear(layer);
  return isFolded && others.length === 0 && next?.getClassName() === 'BatchNormalization' ? next : undefined;
}

/** The sources of a layer's inputs. */
function sourcesOf(layer: Layer): Layer[] {
  const nodes = layer.inboundNodes as unknown as { inboundLayers: Layer[] }[];
  return nodes
    .flatMap(({ inboundLayers }) => inboundLayers)
    .flatMap((source) => ('layers' in source ? endsOf(source as unknown as tf.LayersModel) : [source]))
    .flatMap((source) => (isMoving(source) ? sourcesOf(source) : [source]));
}

function endsOf(model: tf.LayersModel): Layer[] {
  return model.outputs.map(({ sourceLayer }) => sourceLayer as Layer);
}

function nextOf(layer: Layer): Layer[] {
  return (layer.outboundNodes as unknown as { outboundLayer: Layer }[]).map(({ outboundLayer }) => outboundLayer);
}

function isInput(layer: Layer): boolean {
  return layer.getClassName() === 'InputLayer';
}

function isMoving(layer: Layer): boolean {
  return (
    MOVING.has(layer.getClassName()) || (layer.getClassName() === 'Activation' && activationOf(layer) === 'linear')
  );
}

function isRelu(layer: Layer): boolean {
  const activation = activationOf(layer);
  if (layer.getClassName() === 'Activation') return activation === 'relu' || activation === 'relu6';
  return layer.getClassName() === 'ReLU';
}

/** Whether nothing happens to what the layer computes. */
function isLinear(layer: Layer): boolean {
  return [undefined, 'linear'].includes(activationOf(layer));
}

function activationOf(layer: Layer): string | undefined {
  const { activation } = layer as unknown as { activation?: { getClassName(): string } | null };
  return activation?.getClassName();
}
