import { throwIfAborted } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { dataTypeOf } from '../onnx/dataTypes.ts';
import { onnx, writeModel } from '../onnx/model.ts';
import { foldIntoWeights } from '../onnx/simplify.ts';
import { type OpenGraph, openGraph } from '../onnx/write/graph.ts';
import { heldShape, type Lengths, type Value } from '../onnx/write/graphValue.ts';
import { plain } from '../onnx/write/layout.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { onlyOutputName } from './graph/outputName.ts';
import { inputShapeOf, type ModelTopology, readTopology } from './graph/topology.ts';
import { checkLayers, writeTopology } from './graph/walkTopology.ts';
import { readWeights } from './graph/weights.ts';
import { metadataOf, readToOnnxOptions, type ToOnnxOptions } from './toOnnxOptions.ts';

/** The oldest file format version that supports an opset, so that old runtimes read the file. */
const IR_VERSIONS: Readonly<Record<number, bigint>> = { 13: 7n, 14: 7n, 19: 9n, 20: 9n, 21: 10n };

/**
 * A student's artifacts as an ONNX file: pure, synchronous, without tfjs. The same artifacts and options give the same bytes.
 * `toOnnx` says what the file holds.
 * Throws    unsupported-layer: every layer that has no ONNX form · student-invalid · invalid-option · AbortError
 */
export function artifactsToOnnx(artifacts: StudentArtifacts, options: ToOnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const read = readToOnnxOptions(options);
  const { opset, foldBatchNorm, signal } = read;
  throwIfAborted(signal);
  const model = readTopology(artifacts.modelTopology);
  checkLayers(model);
  const weights = readWeights(artifacts);
  const open = openGraph(opset);
  const inputs = inputsOf(open, model, read);
  const values = writeTopology(open, weights, model, inputs, signal);
  const outputs = nameOutputs(open, model, values, inputs);
  const { nodes, results, nameOf } = open.named();
  const graph = onnx.graph({
    name: options.name ?? model.name,
    node: nodes,
    initializer: [...open.constants.values()],
    input: inputs.map((value) => declared(value.name, value, 'named')),
    output: outputs.map(({ name, value }) => declared(name, value, 'named')),
    valueInfo: results
      .filter(({ name }) => !outputs.some(({ from }) => from === name))
      .map((value) => declared(nameOf(value.name), value, 'open')),
  });
  const file = onnx.model({
    irVersion: IR_VERSIONS[opset] ?? 8n,
    producerName: 'limbeck',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: metadataOf(options),
    graph,
  });
  return writeModel(foldBatchNorm ? foldIntoWeights(file) : file);
}

function inputsOf(open: OpenGraph, model: ModelTopology, options: ReturnType<typeof readToOnnxOptions>): Value[] {
  const { dynamicBatch, batchSize = 1, inputLayout } = options;
  return model.inputs.map((reference) => {
    const layer = model.layers.find(({ name }) => name === reference.layer);
    const { shape: declared, dtype } = inputShapeOf(
      layer ?? { name: reference.layer, className: '', config: {}, calls: [] },
    );
    const shape = [dynamicBatch ? null : batchSize, ...declared.slice(1)];
    const layout = inputLayout === 'channels-first' && shape.length > 3 ? 'channels-first' : 'plain';
    return { name: open.takeName(reference.layer), shape, dtype, layout };
  });
}

/** Names the model's outputs after their layers; an only output is named for what it holds. Adds a node for an output that has none of its own. */
function nameOutputs(open: OpenGraph, model: ModelTopology, values: readonly Value[], inputs: readonly Value[]) {
  const taken = new Set(inputs.map(({ name }) => name));
  return values.map((value, i) => {
    const layer = model.outputs[i]?.layer ?? DEFAULT_OUTPUT;
    const wanted = values.length === 1 ? onlyOutputName(model) : layer;
    const ordered = plain(open.builder, value);
    const { name: _, ...known } = ordered;
    const own = taken.has(ordered.name) ? open.builder.node('Identity', [ordered], known) : ordered;
    taken.add(own.name);
    return { from: own.name, name: open.nameOutput(own, wanted), value: own };
  });
}

/** Free lengths of inputs and outputs have names; inner ones are left open. */
function declared(name: string, value: Value, free: 'named' | 'open') {
  const lengths: Lengths = heldShape(value);
  const dim = lengths.map((length, axis) => {
    if (length !== null) return { dimValue: BigInt(length) };
    if (axis === 0 && free === 'named') return { dimParam: 'batch' };
    return free === 'named' ? { dimParam: `${name}_${axis}` } : {};
  });
  return onnx.value({ name, type: { tensorType: { elemType: dataTypeOf(value.dtype), shape: { dim } } } });
}
