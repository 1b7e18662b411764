import type { LimbeckError } from '../../core/errors.ts';
import { type OnnxAttribute, type OnnxNode, onnx } from '../model.ts';
import type { Draft } from '../simplify/draft.ts';
import { floatData, intAttribute, intsData, numbersIn, textAttribute } from '../simplify/nodes.ts';

/** What an upgrade may know of the model around a node. */
export interface UpgradeContext {
  readonly draft: Draft;
  readonly from: number;
  readonly to: number;
  rankOf(name: string): number | undefined;
  isRead(name: string): boolean;
  refuse(node: OnnxNode, why: string): LimbeckError;
}

/** How an operator is said from some operator set on. The node is changed in place; others may stand around it. */
export interface Upgrade {
  readonly at: number;
  change(node: OnnxNode, context: UpgradeContext): OnnxNode[];
}

/** By operator, in the order of the operator sets; what is not here says the same in all of them, from 7 to 13. */
export const UPGRADES: Readonly<Record<string, readonly Upgrade[]>> = {
  BatchNormalization: [{ at: 9, change: spatialOnly }],
  Upsample: [{ at: 10, change: toResize }],
  Resize: [{ at: 11, change: placedResize }],
  Slice: [{ at: 10, change: sliceInputs }],
  TopK: [{ at: 10, change: (node, context) => attributeToInput(node, context, 'k', 1) }],
  Dropout: [
    { at: 10, change: maskless },
    { at: 12, change: (node) => without(node, 'ratio') },
  ],
  Clip: [{ at: 11, change: clipInputs }],
  Pad: [{ at: 11, change: padInputs }],
  Scatter: [{ at: 11, change: (node) => renamed(node, 'ScatterElements') }],
  Scan: [{ at: 9, change: (node, context) => refused(node, context, 'it counted its batch apart before set 9') }],
  Squeeze: [{ at: 13, change: (node, context) => attributeToInput(node, context, 'axes', 1) }],
  Unsqueeze: [{ at: 13, change: (node, context) => attributeToInput(node, context, 'axes', 1) }],
  ReduceSum: [{ at: 13, change: (node, context) => attributeToInput(node, context, 'axes', 1) }],
  Split: [{ at: 13, change: (node, context) => attributeToInput(node, context, 'split', 1) }],
  Softmax: [{ at: 13, change: overLastAxis }],
  LogSoftmax: [{ at: 13, change: overLastAxis }],
  Hardmax: [{ at: 13, change: overLastAxis }],
};

function take(node: OnnxNode, name: string): OnnxAttribute | undefined {
  const found = node.attribute.find((attribute) => attribute.name === name);
  node.attribute = node.attribute.filter((attribute) => attribute !== found);
  return found;
}

function without(node: OnnxNode, name: string): OnnxNode[] {
  take(node, name);
  return [node];
}

function renamed(node: OnnxNode, opType: string): OnnxNode[] {
  node.opType = opType;
  return [node];
}

function refused(node: OnnxNode, context: UpgradeContext, why: string): OnnxNode[] {
  throw context.refuse(node, why);
}

/** Puts a name at a place among the inputs, with '' for those that are left out before it. */
function setInput(node: OnnxNode, at: number, name: string): void {
  while (node.input.length < at) node.input.push('');
  node.input[at] = name;
}

function attributeToInput(node: OnnxNode, context: UpgradeContext, name: string, at: number): OnnxNode[] {
  const found = take(node, name);
  if (found === undefined) return [node];
  const values = found.type === 2 ? [Number(found.i)] : found.ints.map(Number);
  setInput(node, at, context.draft.addConstant(`${node.output[0]}_${name}`, intsData(values)));
  return [node];
}

function spatialOnly(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  if (take(node, 'spatial')?.i === 0n) throw context.refuse(node, 'it normalizes each place by itself');
  return [node];
}

function maskless(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  const mask = node.output[1] ?? '';
  if (context.isRead(mask)) throw context.refuse(node, 'its mask is read, and is of another type since set 10');
  node.output = node.output.slice(0, 1);
  return [node];
}

function sliceInputs(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  for (const [at, name] of [
    [1, 'starts'],
    [2, 'ends'],
    [3, 'axes'],
  ] as const) {
    attributeToInput(node, context, name, at);
  }
  return [node];
}

/** Without bounds, Clip keeps all; the old attributes had the greatest float as default, which bounds nothing. */
function clipInputs(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  for (const [at, name] of [
    [1, 'min'],
    [2, 'max'],
  ] as const) {
    const found = take(node, name);
    if (found === undefined) continue;
    setInput(node, at, context.draft.addConstant(`${node.output[0]}_${name}`, floatData([], Float32Array.of(found.f))));
  }
  return [node];
}

function padInputs(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  attributeToInput(node, context, 'pads', 1);
  const value = take(node, 'value');
  if (value === undefined || value.f === 0) return [node];
  setInput(node, 2, context.draft.addConstant(`${node.output[0]}_value`, floatData([], Float32Array.of(value.f))));
  return [node];
}

/** Upsample takes its scales as an attribute before operator set 9, and since then as its second input. */
function toResize(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  const scales = take(node, 'scales');
  if (scales !== undefined) {
    const data = floatData([scales.floats.length], Float32Array.from(scales.floats));
    setInput(node, 1, context.draft.addConstant(`${node.output[0]}_scales`, data));
  }
  node.opType = 'Resize';
  return context.to < 11 ? [node] : placedResize(node, context);
}

/** Before operator set 11 pixels lay at their corners, and the nearest one was that before. */
function placedResize(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  const [data = '', scales = ''] = node.input;
  const isGrowing = numbersIn(context.draft, scales)?.every((scale) => scale >= 1);
  if (!isGrowing) throw context.refuse(node, 'its scales are computed, or are below 1');
  // Some runtimes take no missing second input here.
  const roi = context.draft.addConstant(`${node.output[0]}_roi`, floatData([0], new Float32Array(0)));
  node.input = [data, roi, scales];
  node.attribute.push(
    textAttribute('coordinate_transformation_mode', 'asymmetric'),
    textAttribute('nearest_mode', 'floor'),
  );
  return [node];
}

/** Before operator set 13 all axes from `axis` on counted as one. */
function overLastAxis(node: OnnxNode, context: UpgradeContext): OnnxNode[] {
  const given = take(node, 'axis');
  const [input = '', output = ''] = [node.input[0], node.output[0]];
  const rank = context.rankOf(input);
  const axis = given === undefined ? 1 : Number(given.i);
  const isLast = axis === -1 || (rank !== undefined && axis === rank - 1);
  node.attribute.push(intAttribute('axis', -1));
  if (isLast) return [node];
  const [shape, flat, result] = ['shape', 'flat', 'result'].map((part) => context.draft.fresh(`${output}_${part}`));
  node.input = [flat as string];
  node.output = [result as string];
  return [
    onnx.node({ opType: 'Shape', input: [input], output: [shape as string] }),
    onnx.node({ opType: 'Flatten', input: [input], output: [flat as string], attribute: [intAttribute('axis', axis)] }),
    node,
    onnx.node({ opType: 'Reshape', input: [result as string, shape as string], output: [output] }),
  ];
}
