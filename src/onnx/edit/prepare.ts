import { checkModel } from '../check/check.ts';
import { findTaps, requireOwnNames } from '../describe/findTaps.ts';
import { pixelInputsOf } from '../describe/pixelInputs.ts';
import { softmaxOutputs } from '../describe/softmaxOutputs.ts';
import { checkTaps, type Tap } from '../describe/taps.ts';
import { type OnnxGraph, type OnnxValue, onnx, readModel, writeModel } from '../model.ts';
import { prune } from './prune.ts';

export interface PrepareOptions {
  /** For messages. */
  readonly name: string;
  /** Inner tensors that become outputs, after those that the model has. */
  readonly taps?: readonly Tap[];
  /** The taps are the only outputs, and what they do not need is cut away. */
  readonly untilTaps?: boolean;
  /** Paths of the external data files that come with the model. */
  readonly externalFiles?: readonly string[];
}

/** A model ready for onnxruntime, and the public names of its tapped outputs. Other outputs keep theirs. */
export interface PreparedModel {
  readonly bytes: Uint8Array;
  /** From a tensor's name to its public one. */
  readonly names: Readonly<Record<string, string>>;
  /** Inputs of which the model does not say how many dimensions they have. */
  readonly inputsOfAnyShape: readonly string[];
  /** Inputs that read bytes as pixels of 0…1: see `pixelInputsOf`. */
  readonly pixelInputs: readonly string[];
  /** Outputs that hold probabilities, by the names of their tensors: see `softmaxOutputs`. */
  readonly softmaxOutputs: readonly string[];
}

/**
 * Checks a model before onnxruntime sees it, and makes tapped tensors its outputs. Without taps the bytes are given back
 * as they came.
 * Throws    invalid-onnx · unknown-tensor · invalid-option: taps that are none, or two outputs of one name
 */
export function prepareModel(bytes: Uint8Array, options: PrepareOptions): PreparedModel {
  const { name, taps, untilTaps = false, externalFiles = [] } = options;
  checkTaps(taps, untilTaps);
  const model = readModel(bytes, name);
  checkModel(model, { name, externalFiles });
  const inputsOfAnyShape = model.graph.input.filter(hasAnyShape).map((input) => input.name);
  const known = {
    inputsOfAnyShape,
    pixelInputs: pixelInputsOf(model),
    softmaxOutputs: softmaxOutputs(model.graph),
  };
  if (taps === undefined) return { bytes, names: publicNames([]), ...known };
  const names = findTaps(model, taps, name);
  requireOwnNames(names, untilTaps ? [] : model.graph.output);
  const isChanged = setOutputs(model.graph, [...names.keys()], untilTaps);
  return { bytes: isChanged ? writeModel(model) : bytes, names: publicNames(names), ...known };
}

function hasAnyShape({ type }: OnnxValue): boolean {
  return type?.tensorType !== undefined && type.tensorType.shape === undefined;
}

/** Without what every object inherits: a tensor may be called "constructor". */
function publicNames(names: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.assign(Object.create(null), Object.fromEntries(names));
}

/** Whether the graph is another one now. */
function setOutputs(graph: OnnxGraph, tensors: readonly string[], untilTaps: boolean): boolean {
  const outputs = new Map(graph.output.map((value) => [value.name, value]));
  const missing = tensors.filter((tensor) => !outputs.has(tensor));
  if (!untilTaps && missing.length === 0) return false;
  for (const tensor of missing) outputs.set(tensor, valueFor(graph, tensor));
  graph.output = untilTaps ? tensors.map((tensor) => outputs.get(tensor) as OnnxValue) : [...outputs.values()];
  if (untilTaps) prune(graph);
  return true;
}

/** What the model says of a value; where it says nothing, onnxruntime infers the type. */
function valueFor(graph: OnnxGraph, tensor: string): OnnxValue {
  const said = [...graph.valueInfo, ...graph.input].find(({ name }) => name === tensor);
  if (said !== undefined) return said;
  const stored = graph.initializer.find(({ name }) => name === tensor);
  if (stored === undefined) return onnx.value({ name: tensor });
  const dim = stored.dims.map((dimValue) => ({ dimValue }));
  return onnx.value({
    name: tensor,
    type: { tensorType: { elemType: stored.dataType, shape: { dim } } },
  });
}
