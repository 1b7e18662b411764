import type { LayersModel } from './tf.ts';
import type { Layer } from './tfNamespace.ts';

/** An activation that a batch normalization computes before it writes its result. */
export type JoinedActivation = 'relu' | 'relu6';

interface Join {
  readonly activation: JoinedActivation;
  readonly layer: Layer;
}

/** A place where a layer is used, as tfjs keeps it. */
interface LayerNode {
  readonly outboundLayer: Layer;
  readonly outputTensors: readonly unknown[];
}

const known = new WeakMap<LayersModel, ReadonlyMap<Layer, Join>>();
let current: ReadonlyMap<Layer, Join> | undefined;
let activated = new Set<Layer>();

/**
 * While the work applies this model, a batch normalization that only one activation reads may activate its result itself
 * (`joinedActivation`), and the activation then passes it on. What the model gives, or another layer reads, stays apart.
 */
export function withJoinedLayers<T>(model: LayersModel, work: () => T): T {
  const before = { current, activated };
  current = joinsOf(model);
  activated = new Set();
  try {
    return work();
  } finally {
    ({ current, activated } = before);
  }
}

/** The activation behind a normalization that is being applied, where it may be computed with it. */
export function joinedActivation(norm: Layer): JoinedActivation | undefined {
  return current?.get(norm)?.activation;
}

/** Tells that the result of the normalization is activated. */
export function markActivated(norm: Layer): void {
  const join = current?.get(norm);
  if (join !== undefined) activated.add(join.layer);
}

/** Whether what the layer reads is activated by it already. */
export function isActivated(layer: Layer): boolean {
  return activated.has(layer);
}

/** The normalizations of a model whose own results are never written. */
export function joinedNorms(model: LayersModel): Layer[] {
  return [...joinsOf(model).keys()];
}

function joinsOf(model: LayersModel): ReadonlyMap<Layer, Join> {
  const joins = known.get(model) ?? findJoins(model);
  known.set(model, joins);
  return joins;
}

function findJoins(model: LayersModel): ReadonlyMap<Layer, Join> {
  const joins = new Map<Layer, Join>();
  for (const norm of model.layers) {
    if (norm.getClassName() !== 'BatchNormalization') continue;
    const [place, ...otherPlaces] = norm.inboundNodes as unknown as LayerNode[];
    const [reader, ...otherReaders] = norm.outboundNodes as unknown as LayerNode[];
    const isOnly = otherPlaces.length === 0 && otherReaders.length === 0;
    const isGiven = model.outputs.some((output) => place?.outputTensors.includes(output));
    const layer = reader?.outboundLayer;
    if (!isOnly || isGiven || layer === undefined) continue;
    const activation = activationOf(layer);
    const isUsedOnce = layer.inboundNodes.length === 1 && model.layers.includes(layer);
    if (activation !== undefined && isUsedOnce) joins.set(norm, { activation, layer });
  }
  return joins;
}

function activationOf(layer: Layer): JoinedActivation | undefined {
  const { activation, maxValue, _callHook } = layer as unknown as {
    activation?: { getClassName(): string };
    maxValue?: number | null;
    _callHook?: unknown;
  };
  // A hook sees what the layer reads.
  if (_callHook != null) return undefined;
  if (layer.getClassName() === 'Activation') {
    const name = activation?.getClassName();
    return name === 'relu' || name === 'relu6' ? name : undefined;
  }
  if (layer.getClassName() !== 'ReLU') return undefined;
  if (maxValue === 6) return 'relu6';
  return maxValue == null ? 'relu' : undefined;
}
