import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { checkModel } from '../../onnx/check/check.ts';
import { DATA_TYPES } from '../../onnx/dataTypes.ts';
import { type OnnxGraph, type OnnxNode, type OnnxTensor, readModel } from '../../onnx/model.ts';
import { domainOf, operatorOf } from '../../onnx/operators.ts';
import { simplify } from '../../onnx/simplify.ts';
import * as tf from '../../runtime/tf.ts';
import { settleBackend } from '../build.ts';
import type { ReadFromOnnxOptions } from '../fromOnnxOptions.ts';
import { registerActivations } from '../layers/activations.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts, type WeightSpec } from '../student.ts';
import { requireShort } from '../topology/chains.ts';
import { joinWeights } from '../weightBytes.ts';
import { fromRecord } from './fromRecord.ts';
import { freeBatch, holdsImages, type ImportedInput, refuseInput } from './importInputs.ts';
import { keepOutputs, requireUseful } from './importOutputs.ts';
import { type Steps, stepsOf } from './importSteps.ts';
import { openWorkshop, unbuildable, type Workshop } from './modelBuilder.ts';
import type { Builder, OperatorImport, OperatorTable, Step, Value } from './operator.ts';
import * as all from './operators/all.ts';
import { BATCH } from './placing.ts';

const OPERATORS = new Map<string, OperatorImport>(
  (Object.values(all) as OperatorTable[]).flatMap((table) => Object.entries(table)),
);

/** `fromOnnx` for bytes that are loaded; this file loads tfjs. */
export async function importOnnx(bytes: Uint8Array, options: ReadFromOnnxOptions): Promise<Student> {
  const { name, inputValues } = options;
  const whole = readModel(bytes, name);
  checkModel(whole, { name });
  const cut = keepOutputs(whole, options.outputs);
  const { model, inputs } = freeBatch(cut, options.inputShapes ?? {});
  const steps = stepsOf(
    simplify(model, { foldBatchNorm: false, ...(inputValues && { inputValues }) }),
    parametersOf(model.graph),
  );
  const needed = neededSteps(steps);
  const used = inputs.filter(({ name }) => isRead(name, steps, needed));
  requireSupported(needed, used);
  requireShort(needed, (step) => readsOf(step).flatMap((name) => steps.makers.get(name) ?? []));
  requireUseful(steps);
  // Only shapes are computed here; any backend will do.
  await settleBackend(tf);
  return studentFromArtifacts(name, build(steps, needed, used, options));
}

/** The names of stored floating-point values; some writers store all of them by nodes of their own. */
function parametersOf({ initializer, node }: OnnxGraph): ReadonlySet<string> {
  const isFloating = (one: OnnxTensor | undefined) => /float/.test(DATA_TYPES[one?.dataType ?? 0]?.name ?? '');
  const stored = initializer.filter(isFloating).map(({ name }) => name);
  if (stored.length > 0) return new Set(stored);
  const made = node.filter(({ opType, attribute }) => opType === 'Constant' && isFloating(attribute[0]?.t));
  return new Set(made.map(({ output }) => output[0] as string));
}

/** The nodes whose tensors are read; what only computes shapes is already known. */
function neededSteps({ steps, makers, outputs }: Steps): Step[] {
  const needed = new Set<Step>();
  const open = outputs.flatMap((name) => makers.get(name) ?? []);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (needed.has(step)) continue;
    needed.add(step);
    for (const name of readsOf(step)) {
      const maker = makers.get(name);
      if (maker !== undefined) open.push(maker);
    }
  }
  return steps.filter((step) => needed.has(step));
}

function readsOf({ node }: Step): readonly string[] {
  return readsAt(node).flatMap((i) => node.input[i] ?? []);
}

/** The inputs that are tensors or weights; the others are numbers that must be known. */
function readsAt({ domain, opType, input }: OnnxNode): readonly number[] {
  return operatorOf(domain, opType)?.reads ?? input.map((_, i) => i);
}

function isRead(input: string, { outputs }: Steps, needed: readonly Step[]): boolean {
  return outputs.includes(input) || needed.some((step) => readsOf(step).includes(input));
}

function operatorFor({ node }: Step): OperatorImport | undefined {
  if (domainOf(node.domain) !== '') return undefined;
  return OPERATORS.get(node.opType) ?? fromRecord(node.opType);
}

/** Throws    unsupported-operator: lists all nodes that cannot be built, each with the reason */
function requireSupported(needed: readonly Step[], used: readonly ImportedInput[]): void {
  const nodes = needed.flatMap((step) => {
    const operator = operatorFor(step);
    const why = operator === undefined ? 'no layer computes it' : (refuseStored(step) ?? operator.refuse?.(step));
    return why === undefined ? [] : [{ name: step.name, operator: step.node.opType, why }];
  });
  const batch = used.find(({ fixedBatch }) => fixedBatch !== null)?.fixedBatch ?? null;
  for (const one of used) {
    const why = refuseInput(one, batch);
    if (why !== undefined) nodes.push({ name: one.name, operator: 'input', why });
  }
  if (nodes.length === 0) return;
  const lines = nodes.map(({ name, operator, why }) => `"${name}" (${operator}): ${why}`);
  throw new LimbeckError(
    'unsupported-operator',
    `The model cannot become a student: ${lines.join('; ')}. Cut such nodes off with "outputs", or use the model as a teacher.`,
    { details: { nodes } },
  );
}

/** Nodes of stored values alone were computed before, except those that repeat a value over the batch. */
function refuseStored(step: Step): string | undefined {
  const isStored = readsAt(step.node).every((i) => step.inputs[i] === undefined || step.constant(i) !== undefined);
  return isStored ? 'it reads stored values only' : undefined;
}

function build(
  steps: Steps,
  needed: readonly Step[],
  inputs: readonly ImportedInput[],
  options: ReadFromOnnxOptions,
): StudentArtifacts {
  registerActivations();
  const { inputLayout, name, trainable } = options;
  const workshop = openWorkshop(tf, (step) => followerOf(step, steps, needed));
  const isLast = inputLayout === 'channels-last';
  try {
    const sources = inputs.map((one) => inputOf(workshop, one, isLast && holdsImages(one, steps)));
    for (const step of needed) buildStep(workshop, step);
    const results = steps.outputs.map((output) => outputOf(workshop, output, isLast, steps));
    const model = modelOf({ inputs: sources, outputs: results, name }, needed.length);
    freeze(workshop, trainable);
    return artifactsFrom(model, workshop);
  } finally {
    for (const layer of workshop.layers.keys()) for (const weight of layer.weights) weight.dispose();
  }
}

/** A thread with a small stack may be too small even for what `requireShort` accepts. */
function modelOf(parts: Parameters<typeof tf.model>[0], nodes: number): tf.LayersModel {
  try {
    return tf.model(parts);
  } catch (error) {
    throw new LimbeckError(
      'unsupported-operator',
      `tfjs cannot make a model of these ${nodes} nodes: ${messageOf(error)}. Use the model as a teacher.`,
      { details: { nodes: [] }, cause: error },
    );
  }
}

function inputOf({ builder, values }: Workshop, input: ImportedInput, isImage: boolean): tf.SymbolicTensor {
  const axes = isImage ? input.imageAxes : input.axes;
  const shape = axes.slice(1).map((axis) => input.shape[axis] ?? null) as number[];
  const tensor = tf.input({ shape, name: builder.plainName(input.name), dtype: input.isWhole ? 'int32' : 'float32' });
  values.set(input.name, { tensor, axes, rank: input.shape.length });
  return tensor;
}

function buildStep({ builder, values }: Workshop, step: Step): void {
  // Merged into the layer before it.
  if (values.has(step.node.output[0] as string)) return;
  const results = built(step, builder);
  for (const [i, value] of results.entries()) {
    const output = step.node.output[i] ?? '';
    if (value !== undefined && output !== '') values.set(output, value);
  }
}

function built(step: Step, builder: Builder): readonly (Value | undefined)[] {
  try {
    return (operatorFor(step) as OperatorImport).build(step, builder);
  } catch (error) {
    throw error instanceof LimbeckError
      ? error
      : unbuildable(step, `tfjs does not take it: ${messageOf(error)}`, error);
  }
}

function followerOf(step: Step, { readers, outputs }: Steps, needed: readonly Step[]): Step | undefined {
  const name = step.node.output[0] as string;
  const [only, ...others] = readers.get(name) ?? [];
  const isAlone = only !== undefined && others.length === 0 && !outputs.includes(name);
  return isAlone && only.node.input.filter((one) => one === name).length === 1 && needed.includes(only)
    ? only
    : undefined;
}

/** In the model's order of axes with the batch first, except images that the student takes with channels last. */
function outputOf(
  { builder, values }: Workshop,
  name: string,
  isLast: boolean,
  { known, outputs }: Steps,
): tf.SymbolicTensor {
  const value = values.get(name) as Value;
  const isImage = isLast && value.rank >= 4 && value.axes.length === value.rank && value.axes.at(-1) === 1;
  const batch = Math.max(0, known.get(name)?.shape?.indexOf(BATCH) ?? 0);
  const others = Array.from({ length: value.rank }, (_, i) => i).filter((axis) => axis !== batch);
  const axes = isImage ? [...value.axes] : [batch, ...others];
  const tensor = builder.arrange(value, axes);
  const isInput = tensor.sourceLayer.getClassName() === 'InputLayer';
  if (outputs.length === 1 && !isInput) return tensor;
  const layerName = builder.plainName(name);
  return builder.apply(builder.tf.layers.activation({ activation: 'linear', name: layerName }), tensor);
}

/** Throws    invalid-option: a name that is neither a layer's nor a node's */
function freeze({ layers }: Workshop, trainable: ReadFromOnnxOptions['trainable']): void {
  if (trainable === 'all') return;
  const wanted = new Set(trainable === 'none' ? [] : trainable);
  const unknown = new Set(wanted);
  for (const [layer, node] of layers) {
    const isWanted = wanted.has(layer.name) || wanted.has(node);
    unknown.delete(layer.name);
    unknown.delete(node);
    layer.trainable = isWanted;
  }
  if (unknown.size === 0) return;
  const known = [...layers.keys()].filter(({ weights }) => weights.length > 0).map((layer) => layer.name);
  throw new LimbeckError(
    'invalid-option',
    `"trainable" names ${[...unknown].map((one) => `"${one}"`).join(', ')}, which no layer or node is called. Layers with weights: ${known.join(', ')}.`,
    { details: { unknown: [...unknown], known } },
  );
}

/** The model with the numbers of the file; the layers' own weights are zeros and are not read. */
function artifactsFrom(model: tf.LayersModel, { data }: Workshop): StudentArtifacts {
  const modelTopology = model.toJSON(undefined, false) as unknown as object;
  const weightSpecs: WeightSpec[] = [];
  const parts: Uint8Array[] = [];
  for (const { originalName, shape } of model.weights) {
    const numbers = data.get(originalName);
    const size = sizeOf(shape as number[]);
    if (numbers === undefined || numbers.length !== size) {
      throw new LimbeckError(
        'invalid-onnx',
        `The model gives ${numbers?.length ?? 0} numbers for the weight "${originalName}", which has ${size}.`,
      );
    }
    weightSpecs.push({ name: originalName, shape: shape as number[], dtype: 'float32' });
    parts.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return { modelTopology, weightSpecs, weightData: joinWeights(parts) };
}
