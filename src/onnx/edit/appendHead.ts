import { LimbeckError } from '../../core/errors.ts';
import { checkModel } from '../check/check.ts';
import { defaultTap } from '../describe/defaultTap.ts';
import type { OnnxLength } from '../describe/description.ts';
import { findTaps } from '../describe/findTaps.ts';
import { checkTaps, type Tap } from '../describe/taps.ts';
import { valuesOf } from '../describe/values.ts';
import { type OnnxGraph, type OnnxModel, onnx, readModel, writeModel } from '../model.ts';
import { freshName, renameValue, takenNames } from '../names.ts';
import { domainOf } from '../operators.ts';
import { dtypeOfValue, foldedHead, type HeadOptions, headForm, readHeadOptions } from './headForm.ts';
import { headNodes } from './headNodes.ts';
import { prune } from './prune.ts';
import { storeAsConstants } from './storeAsConstants.ts';
import { withMetadata } from './withMetadata.ts';

const OLDEST = 7;
const PROBABILITIES = 'probs';

/**
 * One ONNX file of a model up to a value, and a linear head on it: features · weights + bias.
 * Shapes    tapped value [B, …] → features [B, F] → logits [B, C]; the batch stays as free as it was
 * Throws    invalid-onnx: no ONNX file, or one with weights in other files · unknown-tensor · shape-mismatch: weights,
 *           bias and features do not fit · unsupported-operator: an operator set below 7 · invalid-option
 */
export function appendHead(bytes: Uint8Array, options: HeadOptions): Uint8Array<ArrayBuffer> {
  const { tap, output, name, keepOutputs, onto, probabilities, metadata = {} } = readHeadOptions(options);
  checkTaps([tap]);
  const { model, opset, source } = readForHead(bytes, tap, name);
  const form = headForm(model, source, options, name);
  const head = foldedHead(options, form.features);
  const { graph } = model;
  const isFloat = onto === undefined || dtypeOfValue(model, onto, name) === 'float32';
  const written = [output, ...(probabilities ? [PROBABILITIES] : [])];
  const others = keepOutputs ? graph.output : [];
  graph.output = [
    ...others,
    ...[source, ...(onto === undefined ? [] : [onto])].map((one) => onnx.value({ name: one })),
  ];
  prune(graph);
  graph.output = [...others];
  if (model.irVersion < 4n) storeAsConstants(model);
  const taken = takenNames(graph);
  const renamed = written.flatMap((wanted) => makeRoom(graph, wanted, taken));
  const used = new Set([...taken, ...graph.node.map((one) => one.name)]);
  const nameNow = (value: string) => renamed.find(([from]) => from === value)?.[1] ?? value;
  const { nodes, stored } = headNodes({
    ...form,
    ...head,
    source: nameNow(source),
    onto: onto === undefined ? undefined : { tensor: nameNow(onto), needsCast: !isFloat },
    opset,
    output,
    probabilities: written[1],
    fresh: (like) => freshName(used, like),
  });
  graph.node.push(...nodes);
  graph.initializer.push(...stored);
  graph.output.push(...written.map((one) => outputValue(one, form.batch, head.classes)));
  model.metadataProps = withMetadata(model.metadataProps, metadata);
  return writeModel(model);
}

/**
 * The model, its operator set, and the value that a head would read; without a tap, the one that `defaultTap` finds.
 * Throws    invalid-onnx · unknown-tensor · unsupported-operator · invalid-option: the tap means a weight, or several values
 */
export function readForHead(bytes: Uint8Array, tap: Tap | undefined, name: string) {
  const model = readModel(bytes, name);
  checkModel(model, { name });
  return { model, opset: opsetOf(model, name), source: onlyTensor(model, tap ?? defaultTap(model, name), name) };
}

function opsetOf({ opsetImport }: OnnxModel, name: string): number {
  const version = Number(opsetImport.find(({ domain }) => domainOf(domain) === '')?.version ?? 0);
  if (version >= OLDEST) return version;
  throw new LimbeckError(
    'unsupported-operator',
    `"${name}" is of operator set ${version}; a head is written for set ${OLDEST} or later. Export the model again.`,
    { details: { opset: version, needed: OLDEST } },
  );
}

function onlyTensor(model: OnnxModel, tap: Tap, name: string): string {
  const tensors = [...findTaps(model, [tap], name).keys()];
  const [tensor] = tensors;
  const { constants } = valuesOf(model.graph);
  if (tensor !== undefined && tensors.length === 1 && !constants.has(tensor)) return tensor;
  throw new LimbeckError(
    'invalid-option',
    tensors.length === 1
      ? `"tap" means "${tensor}", a weight, which is the same for all inputs. Name a value that nodes compute.`
      : `"tap" means ${tensors.length} values (${tensors.slice(0, 3).join(', ')} …); a head stands on one. Name one.`,
    { details: { tensors } },
  );
}

/** An inner value that has the name of a new output gets another one; an input or an output may not. */
function makeRoom(graph: OnnxGraph, wanted: string, taken: Set<string>): (readonly [string, string])[] {
  if (!taken.has(wanted)) {
    taken.add(wanted);
    return [];
  }
  if ([...graph.input, ...graph.output].some(({ name }) => name === wanted)) {
    throw new LimbeckError(
      'invalid-option',
      `The model has an input or output "${wanted}" already. Give the head's "output" another name.`,
      { details: { name: wanted } },
    );
  }
  const other = freshName(taken, `${wanted}/inner`);
  renameValue(graph, wanted, other);
  return [[wanted, other]];
}

function outputValue(name: string, batch: OnnxLength, classes: number) {
  const first = typeof batch === 'number' ? { dimValue: BigInt(batch) } : batch === null ? {} : { dimParam: batch };
  const dim = [first, { dimValue: BigInt(classes) }];
  return onnx.value({ name, type: { tensorType: { elemType: 1, shape: { dim } } } });
}
