// What follows a product with stored weights becomes part of its kernel: the bias of a MatMul, and a curve. `simplify` has
// already folded factors and sums of channels into the weights.
import type { OnnxNode } from '../../onnx/model.ts';
import { int } from '../../onnx/shapes/call.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { type Linear, linearOf } from '../../onnx/simplify/scales.ts';
import { affineOf, curveThen, onlyReader } from './fuseCurves.ts';
import { type CurveKind, curveOf, ENGINE_DOMAIN, type End, endAttributes, fusedNode } from './fusedNodes.ts';

export function fuseEnds(draft: Draft): void {
  for (const node of draft.nodes()) {
    const linear = linearOf(draft, node);
    if (linear !== undefined && hasEnd(linear)) extend(draft, linear);
  }
}

/** Whether the engine's kernel can end with a bias and a curve. */
function hasEnd({ node }: Linear): boolean {
  if (node.opType === 'Conv' || node.opType === 'MatMul') return true;
  return node.opType === 'ConvTranspose' && int({ node }, 'group', 1) === 1;
}

function extend(draft: Draft, { node: product, sum }: Linear): void {
  let last = sum ?? product;
  let end: End | undefined;
  for (let next = onlyReader(draft, last.output[0]); next !== undefined; next = onlyReader(draft, last.output[0])) {
    const longer: End | undefined = end === undefined ? startOf(next) : endThen(draft, end, next, last);
    if (longer === undefined) break;
    end = longer;
    last = next;
  }
  if (last === product) return;
  const [x = '', weights = '', own] = product.input;
  const bias = sum === undefined ? own : sum.input.find((name) => name !== product.output[0]);
  const inputs = bias === undefined ? [x, weights] : [x, weights, bias];
  const attributes = [...product.attribute, ...(end === undefined ? [] : endAttributes(end))];
  draft.replace(last, fusedNode(product.opType, last, inputs, attributes));
}

function startOf(next: OnnxNode): End | undefined {
  const { domain, opType: kind } = next;
  const curve = domain === ENGINE_DOMAIN && (kind === 'Line' || kind === 'Gate') ? curveOf(next) : undefined;
  return curve && { kind: kind as CurveKind, curve };
}

function endThen(draft: Draft, { kind, curve }: End, next: OnnxNode, last: OnnxNode): End | undefined {
  const affine = affineOf(draft, next, last.output[0] ?? '');
  return affine === undefined || affine.scale === 0 ? undefined : { kind, curve: curveThen(curve, affine) };
}
