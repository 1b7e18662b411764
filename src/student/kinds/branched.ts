import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, required, schema } from '../../core/schema.ts';
import type * as tfjs from '../../runtime/tf.ts';
import type { Layer, Tf } from '../../runtime/tfNamespace.ts';
import { asStudent } from '../layersModel.ts';
import { type LayerPlace, type Student, type StudentChange, untrainedStudent } from '../student.ts';
import { memberOutput } from './cohort.ts';
import { layerAt, outputOf, pooled } from './layerPlace.ts';

const OPTIONS = schema('branched', {
  /** The last layer that all branches share: its name, or its number (the input is 0). */
  at: required(given<LayerPlace>()),
  /** How many, 2 or more. Default 3 (ONE, §4). */
  branches: count(2)(3),
});

/** Where a student divides. */
export interface BranchedOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A student that branches after a layer (ONE): each branch has its own copy of the later layers, and a gate weighs the
 * branches' logits. 'logits.0', 'logits.1' … are the branches'; 'logits' is Σ g_m z_m, the gated ensemble.
 * `gatedBranches` lets the ensemble teach the branches; `branchOf` keeps one of them, as small as the student was. The
 * given student is not changed. Existing weights are kept up to `at`; branches start from new ones.
 * Shapes    the student's inputs → logits, logits.k [B, C]
 * Throws    invalid-option · student-invalid, when it is built: a missing layer, or one after it that is used more than
 *           once, or a student without exactly one output [B, C]
 * Source    Lan et al. 2018, "Knowledge Distillation by On-the-Fly Native Ensemble", §3, arXiv:1806.04606
 * Differs   the gate is pooling, one dense layer and softmax, without the batch normalization of the authors' code
 * @example
 * const student = branched(cnn({ classes: 10 }), { at: 4, branches: 3 });
 * await distill({ student, data, loss: gatedBranches({ branches: 3 }) }).done;
 */
export function branched(student: Student | LayersModel, options: BranchedOptions): Student {
  const { at, branches } = OPTIONS.read(options);
  const from = asStudent(student);
  return untrainedStudent(`${from.name} with branches`, async () => ({
    kind: 'derived',
    from: await from.portable(),
    change: { to: 'branches', at, branches },
  }));
}

/** The model with branches; it owns the layers before them, and frees the ones after. */
export function addBranches(
  tf: Tf,
  model: LayersModel,
  { at, branches }: Extract<StudentChange, { to: 'branches' }>,
  seed: number,
): LayersModel {
  const [output] = model.outputs;
  if (output === undefined || model.outputs.length > 1 || output.rank !== 2) {
    throw new LimbeckError('student-invalid', 'A student that branches has one output [B, C], its logits.');
  }
  const trunk = layerAt(model, at);
  const later = layersAfter(model, trunk);
  if (!later.some((layer) => layer.output === output)) {
    throw new LimbeckError('student-invalid', `The layer "${trunk.name}" has nothing after it that could branch.`);
  }
  const ends = Array.from({ length: branches }, (_, k) => copyLayers(later, output, k, seed));
  const gateInit = tf.initializers.glorotUniform({ seed: derivedSeed(seed, 'gate') });
  const gate = tf.layers
    .dense({ units: branches, activation: 'softmax', name: 'gate', kernelInitializer: gateInit })
    .apply(pooled(tf, outputOf(trunk), 'the gate')) as SymbolicTensor;
  const joined = tf.layers.concatenate().apply(ends) as SymbolicTensor;
  const stacked = tf.layers.reshape({ targetShape: [branches, output.shape[1] as number] }).apply(joined);
  const ensemble = tf.layers.dot({ axes: [1, 1], name: DEFAULT_OUTPUT }).apply([gate, stacked as SymbolicTensor]);
  for (const layer of later) layer.dispose();
  return tf.model({ inputs: model.inputs, outputs: [ensemble as SymbolicTensor, ...ends], name: model.name });
}

/** All layers that depend on that one, in the order of their calls. */
function layersAfter(model: LayersModel, trunk: Layer): Layer[] {
  const later: Layer[] = [];
  for (const layer of model.layers) {
    const depends = layer.inboundNodes.some(({ inboundLayers }) =>
      inboundLayers.some((before) => before === trunk || later.includes(before)),
    );
    if (!depends) continue;
    layerAt(model, layer.name);
    later.push(layer);
  }
  return later;
}

/** Copies of the layers with their own seeds and names, on the same trunk; returns the copy of `output`. */
function copyLayers(layers: readonly Layer[], output: SymbolicTensor, k: number, seed: number): SymbolicTensor {
  const copies = new Map<SymbolicTensor, SymbolicTensor>();
  for (const layer of layers) {
    const isEnd = layer.output === output;
    const name = memberOutput(isEnd ? DEFAULT_OUTPUT : layer.name, k);
    const config = { ...reseeded(layer.getConfig(), derivedSeed(seed, `branch/${k}/${layers.indexOf(layer)}`)), name };
    const Class = layer.constructor as unknown as {
      fromConfig(of: unknown, config: tfjs.serialization.ConfigDict): Layer;
    };
    const copy = Class.fromConfig(Class, config as tfjs.serialization.ConfigDict);
    const [{ inputTensors, callArgs }] = layer.inboundNodes as unknown as [
      { inputTensors: SymbolicTensor[]; callArgs: Parameters<Layer['apply']>[1] },
    ];
    const inputs = inputTensors.map((tensor) => copies.get(tensor) ?? tensor);
    const given = inputs.length === 1 ? (inputs[0] as SymbolicTensor) : inputs;
    copies.set(outputOf(layer), copy.apply(given, callArgs) as SymbolicTensor);
  }
  return copies.get(output) as SymbolicTensor;
}

/** Initializers with this seed; without it the branches would be identical. */
function reseeded(config: object, seed: number, path = ''): Record<string, unknown> {
  const change = ([key, value]: [string, unknown]): [string, unknown] => {
    const at = `${path}/${key}`;
    if (key === 'seed') return [key, derivedSeed(seed, at)];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [key, reseeded(value, seed, at)];
    return [key, value];
  };
  return Object.fromEntries(Object.entries(config).map(change));
}
