import { LimbeckError } from '../core/errors.ts';
import { checkModel } from '../onnx/check.ts';
import { readModel } from '../onnx/model.ts';
import { simplify } from '../onnx/simplify.ts';
import * as tf from '../runtime/tf.ts';
import { registerActivations } from './activations.ts';
import type { FromOnnxOptions } from './fromOnnx.ts';
import { freeBatch, holdsImages, type ImportedInput } from './importInputs.ts';
import { keepOutputs, requireUseful } from './importOutputs.ts';
import { type Steps, stepsOf } from './importSteps.ts';
import { joinBuffers } from './layersModel.ts';
import { openWorkshop, type Workshop } from './modelBuilder.ts';
import type { OperatorImport, OperatorTable, Step, Value } from './operator.ts';
import * as all from './operators/all.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts, type WeightSpec } from './student.ts';

const OPERATORS = new Map<string, OperatorImport>(
  (Object.values(all) as OperatorTable[]).flatMap((table) => Object.entries(table)),
);

/** `fromOnnx` on bytes that are there; this file loads tfjs. */
export async function importOnnx(bytes: Uint8Array, options: FromOnnxOptions): Promise<Student> {
  const { name = 'imported' } = options;
  const whole = readModel(bytes, name);
  checkModel(whole, { name });
  const cut = keepOutputs(whole, options.outputs);
  const { model, inputs } = freeBatch(cut, options.inputShapes ?? {});
  const steps = stepsOf(simplify(model, { foldBatchNorm: false }));
  const needed = neededSteps(steps);
  requireSupported(steps, needed);
  requireUseful(steps);
  // Only shapes are computed here; any backend will do.
  if (tf.getBackend() === undefined) await tf.setBackend('cpu');
  return studentFromArtifacts(name, build(steps, needed, inputs, options));
}

/** The nodes whose tensors are read; what only gives lengths of shapes has been worked out before. */
function neededSteps({ steps, makers, outputs }: Steps): Step[] {
  const needed = new Set<Step>();
  const open = outputs.flatMap((name) => makers.get(name) ?? []);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (needed.has(step)) continue;
    needed.add(step);
    const reads = OPERATORS.get(step.node.opType)?.reads ?? step.node.input.map((_, i) => i);
    for (const i of reads) {
      const maker = makers.get(step.node.input[i] ?? '');
      if (maker !== undefined) open.push(maker);
    }
  }
  return steps.filter((step) => needed.has(step));
}

function operatorFor({ node }: Step): OperatorImport | undefined {
  return node.domain === '' || node.domain === 'ai.onnx' ? OPERATORS.get(node.opType) : undefined;
}

/** Throws    unsupported-operator: all nodes that cannot be built, each with the reason */
function requireSupported({ inputs }: Steps, needed: readonly Step[]): void {
  const nodes = needed.flatMap((step) => {
    const operator = operatorFor(step);
    const why = operator === undefined ? 'no layer computes it' : operator.refuse?.(step);
    return why === undefined ? [] : [{ name: step.name, operator: step.node.opType, why }];
  });
  for (const [name, { shape }] of inputs) {
    if (shape === null || shape.length === 0) nodes.push({ name, operator: 'input', why: 'it has no batch' });
  }
  if (nodes.length === 0) return;
  const lines = nodes.map(({ name, operator, why }) => `"${name}" (${operator}): ${why}`);
  throw new LimbeckError(
    'unsupported-operator',
    `The model cannot become a student: ${lines.join('; ')}. Cut such nodes off with "outputs", or use the model as a teacher.`,
    { details: { nodes } },
  );
}

function build(
  steps: Steps,
  needed: readonly Step[],
  inputs: readonly ImportedInput[],
  options: FromOnnxOptions,
): StudentArtifacts {
  registerActivations();
  const { inputLayout = 'channels-last', name = 'imported', trainable = 'all' } = options;
  const workshop = openWorkshop(tf, (step) => followerOf(step, steps, needed));
  const isLast = inputLayout === 'channels-last';
  try {
    const sources = inputs.flatMap((one) =>
      steps.inputs.has(one.name) ? [inputOf(workshop, one, isLast && holdsImages(one, steps))] : [],
    );
    for (const step of needed) buildStep(workshop, step);
    const results = steps.outputs.map((output) => outputOf(workshop, output, isLast, steps.outputs.length > 1));
    const model = tf.model({ inputs: sources, outputs: results, name });
    freeze(workshop, trainable);
    return artifactsFrom(model, workshop);
  } finally {
    for (const layer of workshop.layers.keys()) for (const weight of layer.weights) weight.dispose();
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
  const results = (operatorFor(step) as OperatorImport).build(step, builder);
  for (const [i, value] of results.entries()) {
    const output = step.node.output[i] ?? '';
    if (value !== undefined && output !== '') values.set(output, value);
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

/** In the model's order of axes, but images with channels last where the student takes them so. */
function outputOf({ builder, values }: Workshop, name: string, isLast: boolean, isNamed: boolean): tf.SymbolicTensor {
  const value = values.get(name) as Value;
  const isImage = isLast && value.rank >= 4 && value.axes.length === value.rank && value.axes.at(-1) === 1;
  const axes = isImage ? [...value.axes] : Array.from({ length: value.rank }, (_, i) => i);
  const tensor = builder.arrange(value, axes);
  const isInput = tensor.sourceLayer.getClassName() === 'InputLayer';
  if (!isNamed && !isInput) return tensor;
  const layerName = builder.plainName(name);
  return builder.apply(builder.tf.layers.activation({ activation: 'linear', name: layerName }), tensor);
}

/** Throws    invalid-option: a name that neither a layer nor a node has */
function freeze({ layers }: Workshop, trainable: NonNullable<FromOnnxOptions['trainable']>): void {
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

/** The model with the numbers of the file: the layers' own are zeros, and are not read. */
function artifactsFrom(model: tf.LayersModel, { data }: Workshop): StudentArtifacts {
  const modelTopology = model.toJSON(undefined, false) as unknown as object;
  const weightSpecs: WeightSpec[] = [];
  const parts: ArrayBuffer[] = [];
  for (const { originalName, shape } of model.weights) {
    const numbers = data.get(originalName);
    const size = shape.reduce<number>((product, length) => product * (length ?? 1), 1);
    if (numbers === undefined || numbers.length !== size) {
      throw new LimbeckError(
        'invalid-onnx',
        `The model gives ${numbers?.length ?? 0} numbers for the weight "${originalName}", which has ${size}.`,
      );
    }
    weightSpecs.push({ name: originalName, shape: shape as number[], dtype: 'float32' });
    parts.push(numbers.slice().buffer as ArrayBuffer);
  }
  return { modelTopology, weightSpecs, weightData: joinBuffers(parts) };
}
