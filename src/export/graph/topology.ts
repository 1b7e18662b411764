import { LimbeckError } from '../../core/errors.ts';
import type { Lengths, ValueType } from '../../onnx/write/graphValue.ts';
import { camelKeys, type LayerConfig } from './layerConfig.ts';

/** One output of one call of a layer. */
export interface Reference {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

/** A layer with its calls and their inputs; a shared layer has several. */
export interface TopologyLayer {
  readonly name: string;
  readonly className: string;
  readonly config: LayerConfig;
  readonly calls: readonly (readonly Reference[])[];
  /** A model that is used as a layer. */
  readonly model?: ModelTopology;
}

export interface ModelTopology {
  readonly name: string;
  readonly layers: readonly TopologyLayer[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
}

/** What an InputLayer takes. */
export interface InputShape {
  /** Batch first; null is a free length. */
  readonly shape: Lengths;
  readonly dtype: ValueType;
}

const MODELS: readonly string[] = ['Sequential', 'Model', 'Functional'];

/**
 * Reads the topology of a saved layers model: Sequential or functional, as tfjs or Keras writes it, keys in either case.
 * Throws    student-invalid: not such a topology
 */
export function readTopology(modelTopology: object): ModelTopology {
  const topology = camelKeys(modelTopology) as { modelConfig?: unknown };
  const outer = (topology.modelConfig ?? topology) as { className?: unknown; config?: unknown };
  if (!MODELS.includes(String(outer.className))) {
    throw invalid(`its class is "${String(outer.className)}", and neither Sequential nor Model nor Functional`);
  }
  return modelOf(String(outer.className), outer.config);
}

/** The shape and type that an InputLayer's config gives. Throws    student-invalid */
export function inputShapeOf({ name, config }: TopologyLayer): InputShape {
  const shape = config['batchInputShape'] ?? config['batchShape'];
  if (!Array.isArray(shape) || !shape.every((length) => length === null || Number.isInteger(length))) {
    throw invalid(`its input "${name}" has no batchInputShape`);
  }
  const dtype = config['dtype'] ?? 'float32';
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw invalid(`its input "${name}" is ${String(dtype)}; float32, int32 and bool have an ONNX form`);
  }
  return { shape: shape as Lengths, dtype };
}

function modelOf(className: string, config: unknown): ModelTopology {
  const { layers, name } = (Array.isArray(config) ? { layers: config } : (config ?? {})) as Record<string, unknown>;
  if (!Array.isArray(layers) || layers.length === 0) throw invalid(`the model "${String(name)}" has no layers`);
  const title = String(name ?? 'sequential');
  return className === 'Sequential' ? chain(title, layers) : functional(title, layers, config as LayerConfig);
}

/** A Sequential as a functional model, with an InputLayer in front, named as tfjs names it. */
function chain(name: string, entries: readonly unknown[]): ModelTopology {
  const layers = entries.map((entry) => layerOf(entry));
  const [first] = layers as [TopologyLayer];
  const input = first.className === 'InputLayer' ? first : inputBefore(first);
  const rest = first === input ? layers.slice(1) : layers;
  let last = reference(input.name);
  const called = rest.map((layer): TopologyLayer => {
    const reads = [last];
    last = reference(layer.name);
    return { ...layer, calls: [reads] };
  });
  return { name, layers: [{ ...input, calls: [[]] }, ...called], inputs: [reference(input.name)], outputs: [last] };
}

/** tfjs uses the input of a nested model as its own, and adds '<layer>_input' before a layer. */
function inputBefore(first: TopologyLayer): TopologyLayer {
  const [inner] = first.model?.inputs ?? [];
  const found = first.model?.layers.find(({ name }) => name === inner?.layer);
  if (found !== undefined) return found;
  const { batchInputShape, dtype } = first.config;
  return { name: `${first.name}_input`, className: 'InputLayer', config: { batchInputShape, dtype }, calls: [[]] };
}

function functional(name: string, entries: readonly unknown[], config: LayerConfig): ModelTopology {
  const layers = entries.map((entry) => layerOf(entry));
  const inputs = references(config['inputLayers']);
  const outputs = references(config['outputLayers']);
  const all = [...outputs, ...layers.flatMap(({ calls }) => calls.flat())];
  // tfjs counts a nested model's construction as its call 0; files saved without that count begin at 0.
  const fromOne = new Set(
    layers
      .filter(({ model, name: own }) => model !== undefined && !all.some((one) => one.layer === own && one.call === 0))
      .map(({ name: own }) => own),
  );
  const counted = (one: Reference) => (fromOne.has(one.layer) ? { ...one, call: one.call - 1 } : one);
  return {
    name,
    layers: layers.map((layer) => ({ ...layer, calls: layer.calls.map((reads) => reads.map(counted)) })),
    inputs,
    outputs: outputs.map(counted),
  };
}

function layerOf(entry: unknown): TopologyLayer {
  const { className, config, name, inboundNodes } = entry as Record<string, unknown>;
  const own = Array.isArray(config) ? {} : ((config ?? {}) as LayerConfig);
  const title = name ?? own['name'];
  if (typeof className !== 'string' || typeof title !== 'string')
    throw invalid('one of its layers has no name or class');
  const isInput = className === 'InputLayer';
  const nodes = Array.isArray(inboundNodes) ? inboundNodes : [];
  const calls = isInput ? [[]] : nodes.map((node) => references(node));
  const model = MODELS.includes(className) ? modelOf(className, config) : undefined;
  return { name: title, className, config: own, calls, ...(model !== undefined && { model }) };
}

/** [['a', 0, 0, {}], …], or a single ['a', 0, 0]. */
function references(value: unknown): Reference[] {
  const list = Array.isArray(value) ? (typeof value[0] === 'string' ? [value] : value) : undefined;
  if (list === undefined) throw invalid('its layers are not connected in the way that tfjs 4 or Keras 2 writes');
  return list.map((one: unknown) => {
    const [layer, call = 0, output = 0] = (Array.isArray(one) ? one : []) as unknown[];
    if (typeof layer !== 'string' || typeof call !== 'number' || typeof output !== 'number') {
      throw invalid('its layers are not connected in the way that tfjs 4 or Keras 2 writes');
    }
    return { layer, call, output };
  });
}

function reference(layer: string): Reference {
  return { layer, call: 0, output: 0 };
}

function invalid(why: string): LimbeckError {
  return new LimbeckError('student-invalid', `The topology of the student cannot be read: ${why}.`);
}
