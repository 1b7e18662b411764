// Nodes that change nothing, or undo each other.
import type { OnnxNode } from '../model.ts';
import { axesOf, type Call, dtypeAttribute, hasAttribute, int, ints } from '../shapes/call.ts';
import type { Shape } from '../shapes/tensor.ts';
import type { Draft } from './draft.ts';
import { intsAttribute, intsData, nodeOf, numbersIn, scalarOf } from './nodes.ts';

/** Takes out nodes that give what they get, merges views of views, and makes wanted shapes plain where that is possible. */
export function dropRedundant(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.domain !== '') continue;
    const source = unchanged(draft, node);
    if (source !== undefined && draft.bypass(node, source)) continue;
    if (node.opType === 'Transpose') mergeTransposes(draft, node);
    if (node.opType === 'Reshape') mergeReshapes(draft, node);
    if (node.opType === 'Reshape') settleShape(draft, node);
    if (node.opType === 'Squeeze') cancelUnsqueeze(draft, node);
  }
}

/** The input that the node gives on as it is. */
function unchanged(draft: Draft, node: OnnxNode): string | undefined {
  const call = draft.call(node);
  const [x = '', second = ''] = node.input;
  const output = draft.inferred(node.output[0]);
  const isSameShape = isSame(draft.inferred(x).shape, output.shape);
  if (node.output.slice(1).some((name) => name !== '' && (draft.isPinned(name) || draft.readers(name).size > 0))) {
    return undefined;
  }
  switch (node.opType) {
    case 'Identity':
      return x;
    case 'Dropout':
      return isTraining(draft, call) ? undefined : x;
    case 'Cast': {
      const to = dtypeAttribute(call, 'to');
      return to != null && to === draft.inferred(x).dtype ? x : undefined;
    }
    case 'Transpose': {
      const order = ints(call, 'perm');
      return order?.every((axis, i) => axis === i) ? x : undefined;
    }
    case 'Reshape':
      return isSameShape || isSameView(draft, call) ? x : undefined;
    case 'Flatten':
    case 'Expand':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Tile':
      return isSameShape ? x : undefined;
    case 'Pad':
      return (ints(call, 'pads') ?? numbersIn(draft, second))?.every((one) => one === 0) ? x : undefined;
    case 'Slice':
      return isSameShape && isWhole(draft, call) ? x : undefined;
    case 'Concat':
    case 'Sum':
    case 'Max':
    case 'Min':
    case 'Mean':
      return node.input.length === 1 ? x : undefined;
    case 'Clip': {
      const hasBounds = hasAttribute(call, 'min') || hasAttribute(call, 'max');
      return hasBounds || node.input.slice(1).some((name) => name !== '') ? undefined : x;
    }
    case 'Add':
      return neutral(draft, node, 0);
    case 'Mul':
      return neutral(draft, node, 1);
    case 'Sub':
      return neutral(draft, node, 0, false);
    case 'Div':
    case 'Pow':
      return neutral(draft, node, 1, false);
    default:
      return undefined;
  }
}

/** Whether a wanted shape names each length as it is; what is left over for a −1 is then the one that is there. */
function isSameView(draft: Draft, call: Call): boolean {
  const from = draft.inferred(call.node.input[0]).shape;
  const wanted = numbersIn(draft, call.node.input[1]);
  if (wanted === undefined || from?.length !== wanted.length || wanted.filter((one) => one === -1).length > 1)
    return false;
  const isCopied = (one: number) => one === 0 && int(call, 'allowzero', 0) === 0;
  return !from.includes(0) && wanted.every((one, i) => one === -1 || isCopied(one) || one === from[i]);
}

/** Lengths that are known, or bear one name. */
function isSame(a: Shape | null, b: Shape | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((one, i) => one !== null && one === b[i]);
}

function isAll(draft: Draft, name: string, value: number): boolean {
  const list = draft.constant(name)?.dtype === 'float16' ? undefined : numbersIn(draft, name);
  return list?.every((one) => one === value) ?? false;
}

/** The operand next to a constant that changes nothing: neither elements nor, by its axes, the shape. */
function neutral(draft: Draft, node: OnnxNode, value: number, isEither = true): string | undefined {
  const [a = '', b = ''] = node.input;
  const { shape } = draft.inferred(node.output[0]);
  const leaves = (constant: string, other: string) =>
    isAll(draft, constant, value) &&
    (draft.constant(constant)?.shape.length === 0 || isSame(draft.inferred(other).shape, shape));
  if (leaves(b, a)) return a;
  return isEither && leaves(a, b) ? b : undefined;
}

function isTraining(draft: Draft, call: Call): boolean {
  const mode = call.node.input[2] ?? '';
  if (mode !== '') return scalarOf(draft, mode) !== 0;
  return call.opset < 7 && int(call, 'is_test', 0) === 0;
}

/** Whether a slice steps forward by one everywhere, so that with the same lengths it is the whole. */
function isWhole(draft: Draft, { node }: Call): boolean {
  const steps = node.input[4] ?? '';
  return steps === '' || isAll(draft, steps, 1);
}

function mergeTransposes(draft: Draft, node: OnnxNode): void {
  const before = draft.maker(node.input[0] ?? '');
  if (before?.opType !== 'Transpose' || before.domain !== '') return;
  const [first, second] = [ints(draft.call(before), 'perm'), ints(draft.call(node), 'perm')];
  if (first === undefined || second === undefined || first.length !== second.length) return;
  const order = second.map((axis) => first[axis] as number);
  draft.replace(node, nodeOf('Transpose', node, [before.input[0] ?? ''], [intsAttribute('perm', order)]));
}

const VIEWS = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** A view of a view is a view of the first, unless the wanted shape counts on the one between. */
function mergeReshapes(draft: Draft, node: OnnxNode): void {
  const [middle = '', wanted] = node.input;
  const before = draft.maker(middle);
  const shape = numbersIn(draft, wanted);
  if (before === undefined || before.domain !== '' || !VIEWS.has(before.opType)) return;
  if (shape === undefined || shape.includes(0) || before.input[0] === undefined) return;
  draft.replace(node, nodeOf('Reshape', node, [before.input[0], ...node.input.slice(1)], node.attribute));
}

/** Makes a computed shape with one open length a constant: that length is "what is left", or "as it was". */
function settleShape(draft: Draft, node: OnnxNode): void {
  const [x, wanted] = node.input;
  if (wanted === undefined || draft.constant(wanted) !== undefined || hasAttribute(draft.call(node), 'allowzero'))
    return;
  const { shape, values } = draft.inferred(wanted);
  const from = draft.inferred(x).shape;
  if (values === undefined || shape?.[0] !== values.length || values.includes(0)) return;
  const list = values.map((one, i) => (typeof one === 'string' && one === from?.[i] ? 0 : one));
  const open = list.flatMap((one, i) => (typeof one === 'number' ? [] : [i]));
  if (open.length > (list.includes(-1) ? 0 : 1)) return;
  const settled = list.map((one) => (typeof one === 'number' ? one : -1));
  const name = draft.addConstant(`${node.output[0]}/shape`, intsData(settled));
  draft.replace(node, nodeOf('Reshape', node, [x ?? '', name], node.attribute));
}

function cancelUnsqueeze(draft: Draft, node: OnnxNode): void {
  const before = draft.maker(node.input[0] ?? '');
  if (before?.opType !== 'Unsqueeze' || before.domain !== '' || before.input[0] === undefined) return;
  const rank = draft.inferred(node.input[0]).shape?.length;
  const [added, removed] = [before, node].map((one) => axesOf(draft.call(one), 'axes', 1));
  if (rank === undefined || added == null || removed == null || added.length !== removed.length) return;
  const front = (list: readonly number[]) => new Set(list.map((axis) => (axis < 0 ? axis + rank : axis)));
  const [a, b] = [front(added), front(removed)];
  if ([...a].every((axis) => b.has(axis))) draft.bypass(node, before.input[0]);
}
