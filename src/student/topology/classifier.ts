import { LimbeckError } from '../../core/errors.ts';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import type { StudentArtifacts, WeightSpec } from '../student.ts';

/** A student's last layer, which turns features into classes, and the layer that gives the features. */
export interface Classifier {
  readonly layer: string;
  readonly features: string;
  /** How many classes it has. */
  readonly classes: number;
}

/** [layer, call, output], as tfjs and Keras write it. */
type Reference = [string, number, number, ...unknown[]];

/** A layer in the topology. */
export interface LayerEntry {
  name: string;
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes: Reference[][];
}

/** A topology that may be changed, and its part that lists the layers. */
export interface Functional {
  readonly topology: object;
  readonly config: { layers: LayerEntry[]; input_layers: Reference[]; output_layers: Reference[] };
}

/**
 * The dense layer that gives the student's only output, or its output 'logits', directly or through a softmax.
 * Throws    student-invalid: the last layer is not dense, has another activation, or the topology cannot be read
 */
export function classifierOf(artifacts: StudentArtifacts): Classifier {
  const { config } = functionalOf(artifacts);
  const last = lastLayerOf(config);
  const before = last?.inbound_nodes[0]?.[0]?.[0];
  const layer = last !== undefined && isSoftmaxLayer(last) ? config.layers.find(({ name }) => name === before) : last;
  const features = layer?.inbound_nodes[0]?.[0]?.[0];
  const isPlain = ['linear', 'softmax', null, undefined].includes(layer?.config['activation'] as string | undefined);
  if (layer?.class_name === 'Dense' && isPlain && layer.inbound_nodes.length === 1 && features !== undefined) {
    return { layer: layer.name, features, classes: Number(layer.config['units']) };
  }
  throw new LimbeckError(
    'student-invalid',
    `The student's last layer is ${layer === undefined ? 'not known' : `"${layer.name}" (${layer.class_name})`}; it must be ` +
      'a dense layer that gives the only output, or the output "logits", without an activation other than softmax.',
    { details: { outputs: config.output_layers.map(([name]) => name) } },
  );
}

/** The layer that gives the only output, or the output 'logits'. */
export function lastLayerOf({ layers, output_layers: outputs }: Functional['config']): LayerEntry | undefined {
  const names = outputs.map(([name]) => name);
  const name = names.length === 1 ? names[0] : names.find((output) => output === 'logits');
  return layers.find((one) => one.name === name);
}

/** Whether a layer's answers are probabilities of classes. */
export function hasSoftmax({ class_name, config }: LayerEntry): boolean {
  return class_name === 'Softmax' || config['activation'] === 'softmax';
}

/** Whether a layer is just a softmax of one other layer's output. */
export function isSoftmaxLayer(layer: LayerEntry): boolean {
  const isPlain = layer.class_name === 'Softmax' || layer.class_name === 'Activation';
  return isPlain && hasSoftmax(layer) && layer.inbound_nodes.length === 1 && layer.inbound_nodes[0]?.length === 1;
}

/** The same student with two outputs: its features and its classes, under the names of their layers. */
export function withFeatures(artifacts: StudentArtifacts, { layer, features }: Classifier): StudentArtifacts {
  const { topology, config } = functionalOf(artifacts);
  config.output_layers = [
    [features, 0, 0],
    [layer, 0, 0],
  ];
  return { ...artifacts, modelTopology: topology };
}

/** The same student with a layer that does not learn. */
export function withFrozen(artifacts: StudentArtifacts, layer: string): StudentArtifacts {
  const { topology, config } = functionalOf(artifacts);
  for (const one of config.layers) if (one.name === layer) one.config['trainable'] = false;
  return { ...artifacts, modelTopology: topology };
}

/** A student with the weights of another with the same layers, in its own order and with its own trainable flags. */
export function withWeightsOf(student: StudentArtifacts, trained: StudentArtifacts): StudentArtifacts {
  const byName = weightsOf(trained);
  const parts = student.weightSpecs.map(({ name }) => byName.get(name)?.bytes);
  if (parts.some((part) => part === undefined)) {
    throw new LimbeckError('internal', 'The trained student has other weights than the one that it was made from.');
  }
  return { ...student, weightData: joined(parts as Uint8Array[]) };
}

/**
 * The same student with more classes: the former ones keep their weights; the new ones start small and random from a
 * seed (Glorot uniform), with a bias of 0, or all at zero.
 * Throws    student-invalid: see `classifierOf` · class-mismatch: fewer classes than before
 */
export function withClasses(artifacts: StudentArtifacts, classes: number, start: number | 'zeros'): StudentArtifacts {
  const { layer, classes: former } = classifierOf(artifacts);
  const { topology, config } = functionalOf(artifacts);
  const entry = config.layers.find(({ name }) => name === layer) as LayerEntry;
  if (classes < former) {
    throw new LimbeckError(
      'class-mismatch',
      `The student has ${former} classes already, and "classes" was ${classes}. Give the number of all, former and new.`,
      { details: { former, classes } },
    );
  }
  entry.config['units'] = classes;
  const random = seededRandom(start === 'zeros' ? 0 : start);
  const parts: Uint8Array[] = [];
  const specs: WeightSpec[] = [];
  for (const [name, { spec, bytes }] of weightsOf(artifacts)) {
    const isWidened = name.startsWith(`${layer}/`) && spec.shape.at(-1) === former;
    if (!isWidened) {
      parts.push(bytes);
      specs.push(spec);
      continue;
    }
    const values = new Float32Array(bytes.slice().buffer);
    const rows = values.length / former;
    const limit = start !== 'zeros' && spec.shape.length > 1 ? Math.sqrt(6 / (rows + classes)) : 0;
    const fresh = () => (limit === 0 ? 0 : limit * (2 * random() - 1));
    const widened = Float32Array.from({ length: rows * classes }, (_, at) => {
      const [row, c] = [Math.floor(at / classes), at % classes];
      return c < former ? (values[row * former + c] as number) : fresh();
    });
    parts.push(new Uint8Array(widened.buffer));
    specs.push({ ...spec, shape: [...spec.shape.slice(0, -1), classes] });
  }
  return { modelTopology: topology, weightSpecs: specs, weightData: joined(parts) };
}

function weightsOf({ weightSpecs, weightData }: StudentArtifacts) {
  const all = new Map<string, { readonly spec: WeightSpec; readonly bytes: Uint8Array }>();
  let at = 0;
  for (const spec of weightSpecs) {
    if (spec.dtype !== 'float32' && spec.dtype !== 'int32') {
      throw new LimbeckError(
        'student-invalid',
        `The weight "${spec.name}" is ${spec.dtype}; it must be float32 or int32.`,
      );
    }
    const length = 4 * sizeOf(spec.shape);
    all.set(spec.name, { spec, bytes: new Uint8Array(weightData, at, length) });
    at += length;
  }
  return all;
}

function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.buffer;
}

/**
 * A copy of the topology, as a functional model: a Sequential becomes one, with an input in front.
 * Throws    student-invalid: neither
 */
export function functionalOf({ modelTopology }: StudentArtifacts): Functional {
  const topology = structuredClone(modelTopology) as Record<string, unknown>;
  const outer = (topology['model_config'] ?? topology) as { class_name?: string; config?: unknown };
  if (outer.class_name === 'Sequential') {
    outer.config = chained(outer.config);
    outer.class_name = 'Model';
  }
  const config = outer.config as Functional['config'] | undefined;
  if (Array.isArray(config?.layers) && Array.isArray(config.output_layers)) return { topology, config };
  throw new LimbeckError('student-invalid', 'The student is neither a Sequential nor a functional model of tfjs.');
}

function chained(given: unknown): Functional['config'] & { readonly name: string } {
  const { layers, name = 'sequential' } = (Array.isArray(given) ? { layers: given } : given) as {
    layers: Pick<LayerEntry, 'class_name' | 'config'>[];
    name?: string;
  };
  const [first] = layers;
  const shape = first?.config['batch_input_shape'];
  // With everything that tfjs writes, so that loading and saving gives the same student.
  const inputConfig = { batch_input_shape: shape, dtype: 'float32', sparse: false, name: 'input' };
  const input = { class_name: 'InputLayer', config: inputConfig };
  const all = first?.class_name === 'InputLayer' ? layers : [input, ...layers];
  let before: string | undefined;
  const entries = all.map(({ class_name, config }): LayerEntry => {
    const own = String(config['name']);
    const inbound: Reference[][] = before === undefined ? [] : [[[before, 0, 0, {}]]];
    before = own;
    return { name: own, class_name, config, inbound_nodes: inbound };
  });
  const reference = (at: number): Reference => [(entries.at(at) as LayerEntry).name, 0, 0];
  return { name, layers: entries, input_layers: [reference(0)], output_layers: [reference(-1)] };
}
