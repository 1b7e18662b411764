import { LimbeckError, messageOf } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { derivedSeed } from '../core/random.ts';
import type { NamedArrays } from '../core/shape.ts';
import { withJoinedLayers } from '../runtime/joinedLayers.ts';
import * as tf from '../runtime/tf.ts';
import { readBytes } from './byteReading.ts';
import { addBranches } from './kinds/branched.ts';
import { joinMembers } from './kinds/cohort.ts';
import { addExits } from './kinds/withExits.ts';
import { registerActivations } from './layers/activations.ts';
import { multiHeadAttentionClass } from './layers/multiHeadAttention.ts';
import { nearestNeighboursClass } from './layers/nearestNeighbours.ts';
import { positionEmbeddingClass } from './layers/positionEmbedding.ts';
import { softArgmaxClass } from './layers/softArgmax.ts';
import { tokenBagClass } from './layers/tokenBag.ts';
import { loadOnnxOperator } from './loadOnnxOperator.ts';
import type { PortableStudent, StudentChange, StudentDescription, StudentDesign } from './student.ts';
import { longestLayerChain, MOST_CHAINED } from './topology/chains.ts';
import { matchInputs } from './topology/declaredInputs.ts';
import * as zoo from './zoo/all.ts';

/**
 * Builds the model on this thread's backend; the caller disposes it.
 * Throws    student-invalid: the saved model cannot be built again here
 */
export async function buildStudent(portable: PortableStudent, seed: number): Promise<tf.LayersModel> {
  const model = await buildModel(portable, seed);
  const dispose = model.dispose.bind(model);
  // tfjs counts a layer once for each place where it is used, and frees it once: what is shared would stay.
  model.dispose = () => {
    const result = dispose();
    // Within another model it is not free until that one is.
    if (refCountOf(model) > 0) return result;
    for (const layer of model.layers) {
      while (refCountOf(layer) > 0) result.numDisposedVariables += layer.dispose().numDisposedVariables;
    }
    return result;
  };
  return model;
}

/** How many models and places use a layer, as tfjs keeps it. */
const refCountOf = (layer: tf.layers.Layer): number =>
  (layer as unknown as { _refCount: number | null })._refCount ?? 0;

async function buildModel(portable: PortableStudent, seed: number): Promise<tf.LayersModel> {
  // Designs name some that an older tfjs lacks.
  registerActivations();
  try {
    if (portable.kind === 'design') {
      const design = (Object.values(zoo) as StudentDesign[]).find(({ design: name }) => name === portable.design);
      if (design === undefined) throw new Error(`the zoo has no design "${portable.design}"`);
      return design.build(tf, portable.options, seed);
    }
    if (portable.kind === 'cohort') return await buildCohort(portable.members, seed);
    if (portable.kind === 'derived') return await buildChanged(portable.from, portable.change, seed);
    const { modelTopology, weightSpecs, weightData } = portable.artifacts;
    await registerParts(modelTopology);
    const chained = longestLayerChain(modelTopology);
    if (chained > MOST_CHAINED) {
      throw new Error(
        `${chained} of its layers follow one another, and tfjs makes no model of more than ${MOST_CHAINED}`,
      );
    }
    const artifacts = { modelTopology, weightSpecs: [...weightSpecs], weightData } as tf.io.ModelArtifacts;
    return await tf.loadLayersModel({ load: async () => artifacts });
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError('student-invalid', `The student could not be built: ${messageOf(error)}.`, { cause: error });
  }
}

/** Each member with its own seed. */
async function buildCohort(members: readonly PortableStudent[], seed: number): Promise<tf.LayersModel> {
  const built: tf.LayersModel[] = [];
  try {
    for (const [k, member] of members.entries()) {
      built.push(await buildStudent(member, derivedSeed(seed, `member/${k}`)));
    }
    return joinMembers(tf, built, (model) => Object.keys(describeStudent(model).outputs));
  } catch (error) {
    for (const model of built) model.dispose();
    throw error;
  }
}

async function buildChanged(from: PortableStudent, change: StudentChange, seed: number): Promise<tf.LayersModel> {
  const model = await buildStudent(from, seed);
  try {
    return change.to === 'exits' ? addExits(tf, model, change, seed) : addBranches(tf, model, change, seed);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

export function describeStudent(model: tf.LayersModel): StudentDescription {
  const count = (weights: readonly { shape: readonly (number | null)[] }[]) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce<number>((product, n) => product * (n ?? 1), 1), 0);
  return {
    inputs: Object.fromEntries(model.inputs.map(({ shape }, i) => [inputName(model, i), shape.slice(1)])),
    outputs: Object.fromEntries(model.outputs.map(({ shape }, i) => [outputName(model, i), shape.slice(1)])),
    parameters: count(model.weights),
    trainableParameters: count(model.trainableWeights),
  };
}

/** The layer's name, since tfjs renumbers the tensor's own name each time a model is built. */
function inputName(model: tf.LayersModel, i: number): string {
  return model.inputNames[i] as string;
}

function outputName(model: tf.LayersModel, i: number): string {
  return model.outputs.length === 1 ? DEFAULT_OUTPUT : (model.outputNames[i] as string);
}

/** The model's outputs for a batch; what its layers compute in between is freed when no later one needs it. Called inside a tidy. */
export function applyModel(
  model: tf.LayersModel,
  inputs: readonly tf.Tensor[],
  mode: 'training' | 'inference',
): tf.Tensor[] {
  const given = inputs.length === 1 ? (inputs[0] as tf.Tensor) : [...inputs];
  if (mode === 'inference') return [model.apply(given, { training: false })].flat() as tf.Tensor[];
  const container = containerOf(model);
  const { call } = container;
  container.call = function (this: tf.LayersModel, own, kwargs) {
    return call.call(this, own, freeing(kwargs));
  };
  try {
    return withJoinedLayers(model, () => [model.apply(given, { training: true })].flat() as tf.Tensor[]);
  } finally {
    container.call = call;
  }
}

/** What tfjs's models of every kind have in common. */
function containerOf(model: tf.LayersModel): Pick<tf.LayersModel, 'call'> {
  let prototype: object | null = model;
  while (prototype !== null && !Object.hasOwn(prototype, 'runInternalGraph'))
    prototype = Object.getPrototypeOf(prototype);
  return (prototype ?? model) as Pick<tf.LayersModel, 'call'>;
}

/**
 * tfjs's executor frees nothing in training, though gradients hold copies of what they need. It looks before the layers do, and once.
 */
function freeing<T extends object>(kwargs: T): T {
  let isSeen = false;
  return {
    ...kwargs,
    get training() {
      const before = isSeen;
      isSeen = true;
      return before;
    },
  };
}

/** The model's outputs by name, for a batch. Called inside a tidy. */
export function applyStudent(
  model: tf.LayersModel,
  inputs: readonly tf.Tensor[],
  mode: 'training' | 'inference',
): Record<string, tf.Tensor> {
  const outputs = applyModel(model, inputs, mode);
  return Object.fromEntries(outputs.map((output, i) => [outputName(model, i), output]));
}

/**
 * The batch's arrays in the order of the model's inputs, converted for them: bytes of pixels become 0…1. A single array
 * goes to a single input, whatever their names.
 * Throws    unknown-input: the data lacks an input · shape-mismatch: an input has another shape · invalid-option: bytes
 *           for a model that scales pixels itself
 */
export function orderInputs(model: tf.LayersModel, inputs: NamedArrays): NamedArrays[string][] {
  const needed = model.inputs.map(({ shape }, i) => [inputName(model, i), shape.slice(1)] as const);
  const given = Object.entries(inputs).map(([name, { shape }]) => [name, { shape: shape.slice(1) }] as const);
  const names = matchInputs(needed, Object.fromEntries(given));
  return names.map((name, i) => readBytes(model, i, inputs[name] as NamedArrays[string]));
}

/**
 * Chooses the cpu backend if none was chosen on this thread: tfjs's own choice would fetch WebAssembly from somewhere.
 */
export async function settleBackend({ getBackend, setBackend }: Pick<typeof tf, 'getBackend' | 'setBackend'>) {
  // tfjs gives undefined before the first backend, and null after the last was removed.
  if (!getBackend()) await setBackend('cpu');
}

/** Registers layers that tfjs lacks, so that saved models find them; each once. */
async function registerParts(topology: unknown): Promise<void> {
  const own = [multiHeadAttentionClass, positionEmbeddingClass, nearestNeighboursClass, tokenBagClass, softArgmaxClass];
  for (const register of own) register(tf);
  if (JSON.stringify(topology)?.includes('"OnnxOperator"')) await loadOnnxOperator(tf);
}
