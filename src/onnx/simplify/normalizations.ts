// LayerNormalization and Softmax that exporters write in several nodes become one node again.
import { sizeOf } from '../../core/shape.ts';
import type { OnnxNode } from '../model.ts';
import { axesOf, int } from '../shapes/call.ts';
import { axisOf, numbersOf } from '../shapes/tensor.ts';
import type { IsAllowed } from './activations.ts';
import type { Draft } from './draft.ts';
import { floatAttribute, floatData, intAttribute, nodeOf, scalarOf } from './nodes.ts';
import { madeBy, shiftedBy } from './product.ts';

export function fuseNormalizations(draft: Draft, isAllowed: IsAllowed): void {
  for (const node of draft.nodes()) {
    const fused = softmax(draft, node) ?? (isAllowed(17) ? layerNormalization(draft, node) : undefined);
    if (fused !== undefined) draft.replace(node, fused);
  }
  if (isAllowed(17)) for (const node of draft.nodes()) takeGain(draft, node);
}

/** Exp(x − max) / sum of that, or without the maximum. */
function softmax(draft: Draft, node: OnnxNode): OnnxNode | undefined {
  if (node.opType !== 'Div' || node.domain !== '') return undefined;
  const [top, bottom] = node.input;
  const exp = madeBy(draft, top, 'Exp');
  const sum = reducedAxis(draft, bottom, 'ReduceSum');
  if (exp === undefined || sum === undefined || sum.source !== top) return undefined;
  const sub = madeBy(draft, exp.input[0], 'Sub');
  const highest = reducedAxis(draft, sub?.input[1], 'ReduceMax');
  const isShifted = highest !== undefined && highest.source === sub?.input[0] && highest.axis === sum.axis;
  const source = isShifted ? highest.source : exp.input[0];
  // Before version 13 the axes after the given one were normalized together.
  if (source === undefined || (draft.opset < 13 && sum.axis !== sum.rank - 1)) return undefined;
  return nodeOf('Softmax', node, [source], [intAttribute('axis', sum.axis)]);
}

/** What is reduced along one axis that stays. */
function reducedAxis(draft: Draft, name: string | undefined, opType: string) {
  const node = madeBy(draft, name, opType);
  const axes = node && reducedAxes(draft, node);
  const rank = draft.inferred(node?.input[0]).shape?.length;
  const axis = axes?.length === 1 ? axes[0] : undefined;
  const source = node?.input[0];
  if (axis === undefined || rank === undefined || source === undefined) return undefined;
  return { source, axis, rank };
}

/** The axes of a reduction that keeps them as ones, counted from the front. */
function reducedAxes(draft: Draft, node: OnnxNode): readonly number[] | undefined {
  const call = draft.call(node);
  const rank = draft.inferred(node.input[0]).shape?.length;
  const axes = axesOf(call, 'axes', 1);
  if (rank === undefined || axes == null || int(call, 'keepdims', 1) !== 1) return undefined;
  const front = axes.map((axis) => axisOf(axis, rank));
  return front.every((axis) => axis !== undefined) ? (front as number[]).sort((a, b) => a - b) : undefined;
}

/** (x − mean) / √(variance + epsilon) over the last axes. Source: Ba et al. 2016, arXiv:1607.06450 */
function layerNormalization(draft: Draft, node: OnnxNode): OnnxNode | undefined {
  const parts = normalized(draft, node);
  if (parts === undefined) return undefined;
  const { centered, root } = parts;
  const sub = madeBy(draft, centered, 'Sub');
  const [x = '', meanName] = sub?.input ?? [];
  const mean = madeBy(draft, meanName, 'ReduceMean');
  const axes = mean?.input[0] === x ? reducedAxes(draft, mean) : undefined;
  const sum = shiftedBy(draft, madeBy(draft, root, 'Sqrt')?.input[0] ?? '');
  const variance = madeBy(draft, sum?.value, 'ReduceMean');
  if (axes === undefined || sum === undefined || variance === undefined) return undefined;
  if (String(reducedAxes(draft, variance)) !== String(axes) || !isSquare(draft, variance.input[0], x, meanName)) {
    return undefined;
  }
  const { shape } = draft.inferred(x);
  const rank = shape?.length ?? 0;
  const first = axes[0] ?? rank;
  // The axes must be the last ones.
  if (axes.length !== rank - first || draft.inferred(x).dtype !== 'float32') return undefined;
  // The gain has one element for each place, or where the lengths are free one for all.
  const lengths = numbersOf(shape?.slice(first)) ?? lengthsAfter(draft, node, axes.length) ?? axes.map(() => 1);
  const ones = draft.addConstant(
    `${node.output[0]}/gain`,
    floatData(lengths, new Float32Array(sizeOf(lengths)).fill(1)),
  );
  const attributes = [intAttribute('axis', first - rank), floatAttribute('epsilon', sum.by)];
  return nodeOf('LayerNormalization', node, [x, ones], attributes);
}

/** The lengths of the gain or shift that comes next, where the model does not say those of the axes. */
function lengthsAfter(draft: Draft, { output: [name = ''] }: OnnxNode, count: number): readonly number[] | undefined {
  const [reader] = draft.isReadOnce(name) ? draft.readers(name) : [];
  if ((reader?.opType !== 'Mul' && reader?.opType !== 'Add') || reader.domain !== '') return undefined;
  const next = draft.constant(reader.input.find((one) => one !== name));
  return next?.shape.length === count ? next.shape : undefined;
}

/** Numerator and root of a / b, or of a · (1 / b). */
function normalized(draft: Draft, node: OnnxNode): { centered: string; root: string } | undefined {
  const [a = '', b = ''] = node.input;
  if (node.domain !== '') return undefined;
  if (node.opType === 'Div') return { centered: a, root: b };
  if (node.opType !== 'Mul') return undefined;
  const inverse = madeBy(draft, b, 'Reciprocal') ?? madeBy(draft, a, 'Reciprocal');
  if (inverse?.input[0] === undefined) return undefined;
  return { centered: inverse.output[0] === b ? a : b, root: inverse.input[0] };
}

/** (x − mean)², the difference being this one or another of the same two. */
function isSquare(draft: Draft, name: string | undefined, x: string, mean: string | undefined): boolean {
  const pow = madeBy(draft, name, 'Pow');
  const mul = madeBy(draft, name, 'Mul');
  const base = pow?.input[0] ?? mul?.input[0];
  const isSquared = pow === undefined ? mul?.input[1] === base : scalarOf(draft, pow.input[1]) === 2;
  const sub = madeBy(draft, base, 'Sub');
  if (!isSquared || sub?.input[0] !== x) return false;
  const [own, other] = [madeBy(draft, sub.input[1], 'ReduceMean'), madeBy(draft, mean, 'ReduceMean')];
  return (
    sub.input[1] === mean ||
    (own?.input[0] === x &&
      other !== undefined &&
      String(reducedAxes(draft, own)) === String(reducedAxes(draft, other)))
  );
}

/** A stored gain that is multiplied, or a shift that is added, after a LayerNormalization becomes its own. */
function takeGain(draft: Draft, node: OnnxNode): void {
  if (node.domain !== '' || (node.opType !== 'Mul' && node.opType !== 'Add')) return;
  for (const source of node.input) {
    const norm = draft.isReadOnce(source) ? madeBy(draft, source, 'LayerNormalization') : undefined;
    const other = node.input.find((name) => name !== source);
    const given = draft.constant(other);
    const gain = draft.constant(norm?.input[1]);
    if (norm === undefined || other === undefined || given === undefined || gain === undefined) continue;
    if (String(given.shape) !== String(gain.shape) || given.dtype !== gain.dtype) continue;
    const isPlain = Array.from(gain.data as Float32Array).every((one) => one === 1);
    const [x = '', gainName = '', shift] = norm.input;
    if (shift !== undefined || (node.opType === 'Mul' && !isPlain)) continue;
    const inputs = node.opType === 'Mul' ? [x, other] : [x, gainName, other];
    draft.replace(node, nodeOf('LayerNormalization', node, inputs, norm.attribute));
    return;
  }
}
