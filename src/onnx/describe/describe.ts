import { DATA_TYPES } from '../dataTypes.ts';
import { type OnnxGraph, type OnnxModel, type OnnxTensor, readModel } from '../model.ts';
import { storedBytes, storedElements } from '../shapes/stored.ts';
import { mergeLengths, type Shape } from '../shapes/tensor.ts';
import { declaredTensor, walkModel } from '../shapes/walk.ts';
import { bindInputs } from '../simplify/bindInputs.ts';
import { checkInspectOptions, type InspectOptions, type OnnxDescription } from './description.ts';
import { findTaps, requireOwnNames } from './findTaps.ts';
import { peakBytes } from './peakBytes.ts';
import type { Tap } from './taps.ts';

/** `inspectOnnx` on bytes that are there, at once. */
export function describeOnnx(bytes: Uint8Array, options: InspectOptions = {}): OnnxDescription {
  checkInspectOptions(options);
  const { name = 'model' } = options;
  return describeModel(readModel(bytes, name), bytes.byteLength, options);
}

/** The description of a model that has been read already. */
export function describeModel(model: OnnxModel, bytes: number, options: InspectOptions = {}): OnnxDescription {
  const { inputs, dimensions, freeDimensions } = bindInputs(model.graph, options);
  const { outputs, nodes, cost } = walkModel(model, new Map(inputs.map((one) => [one.name, one])), dimensions);
  const stored = storedIn(model);
  const described = model.graph.output.map((value, i) => {
    const [declared, { dtype, shape } = declared] = [declaredTensor(value, dimensions), outputs[i]];
    return { name: value.name, dtype: declared.dtype ?? dtype, shape: outputShape(declared.shape, shape) };
  });
  const peak = peakBytes(inputs, nodes, described);
  return {
    name: options.name ?? 'model',
    bytes,
    irVersion: Number(model.irVersion),
    opsets: Object.fromEntries(model.opsetImport.map((one) => [one.domain || 'ai.onnx', Number(one.version)])),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    inputs: inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: described,
    freeDimensions,
    parameters: stored.filter(isParameter).reduce((sum, one) => sum + storedElements(one), 0),
    bytesByDtype: sums(stored.map((one) => [DATA_TYPES[one.dataType]?.name ?? 'unknown', storedBytes(one)])),
    weights: model.graph.initializer.map(weightOf),
    operators: sums(nodes.map(({ domain, operator }) => [domain === '' ? operator : `${domain}:${operator}`, 1])),
    nodes,
    ...(cost.uncounted === 0 && { multiplyAdds: cost.counted }),
    countedMultiplyAdds: cost.counted,
    ...(peak !== undefined && { peakBytes: peak }),
    uncountedNodes: cost.uncounted,
    externalFiles: externalFiles(stored),
    isRecurrent: nodes.some(({ operator }) => /^(RNN|GRU|LSTM|DynamicQuantizeLSTM)$/.test(operator)),
    hasControlFlow: nodes.some(({ operator }) => /^(If|Loop|Scan)$/.test(operator)),
    ...(options.taps && { taps: tapsIn(model, options.taps, options) }),
  };
}

function tapsIn(model: OnnxModel, taps: readonly Tap[], { name = 'model', untilTaps }: InspectOptions) {
  const names = findTaps(model, taps, name);
  requireOwnNames(names, untilTaps ? [] : model.graph.output);
  return Object.fromEntries(names);
}

function weightOf({ name, dataType, dims }: OnnxTensor) {
  return { name, dtype: DATA_TYPES[dataType]?.name ?? null, shape: dims.map(Number) };
}

/** Where the model says less than can be worked out, its own names are kept. */
function outputShape(declared: Shape | null, inferred: Shape | null): Shape | null {
  if (declared === null || inferred === null || declared.length !== inferred.length) return inferred ?? declared;
  return inferred.map((one, i) => (typeof one === 'number' ? one : mergeLengths(declared[i] ?? null, one)));
}

const NO_PARAMETERS = new Set(['int64', 'bool', 'string']);

function isParameter({ dataType }: OnnxTensor): boolean {
  return !NO_PARAMETERS.has(DATA_TYPES[dataType]?.name ?? '');
}

/** Every tensor that the file stores: initializers and constants, of the graph, its branches and its functions. */
function storedIn(model: OnnxModel): OnnxTensor[] {
  const stored: OnnxTensor[] = [];
  const parts: Partial<OnnxGraph>[] = [model.graph, ...model.functions];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    for (const one of part.initializer ?? []) stored.push(one);
    for (const { values } of part.sparseInitializer ?? []) if (values !== undefined) stored.push(values);
    for (const { attribute } of part.node ?? []) {
      for (const { t, tensors, g, graphs } of attribute) {
        if (t !== undefined) stored.push(t);
        for (const one of tensors) stored.push(one);
        if (g !== undefined) parts.push(g);
        for (const one of graphs) parts.push(one);
      }
    }
  }
  return stored;
}

function externalFiles(stored: readonly OnnxTensor[]): string[] {
  const named = stored.filter(({ dataLocation }) => dataLocation === 1).flatMap(({ externalData }) => externalData);
  return [...new Set(named.filter(({ key }) => key === 'location').map(({ value }) => value))].sort();
}

/** Totals by name, greatest first. */
function sums(entries: readonly [string, number][]): Record<string, number> {
  const totals = new Map<string, number>();
  for (const [name, amount] of entries) totals.set(name, (totals.get(name) ?? 0) + amount);
  return Object.fromEntries([...totals].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}
