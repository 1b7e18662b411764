// Activations that exporters write in several nodes become one node again.
import type { OnnxNode } from '../model.ts';
import { float } from '../shapes/call.ts';
import type { Draft } from './draft.ts';
import { floatAttribute, nodeOf, scalarOf, textAttribute } from './nodes.ts';
import { isNear, madeBy, type Product, productOf, productOfValue, shiftedBy } from './product.ts';

/** Whether an operator that came with a version of ONNX's own set may be used. */
export type IsAllowed = (since: number) => boolean;

/** HardSigmoid, HardSwish, Swish, Gelu, Mish and Softplus. */
export function fuseActivations(draft: Draft, isAllowed: IsAllowed): void {
  for (const node of draft.nodes()) {
    const fused = hardSigmoid(draft, node) ?? softplus(draft, node) ?? gated(draft, node, isAllowed);
    if (fused !== undefined) draft.replace(node, fused);
  }
}

/** Clip(x + shift, 0, top): x, shift and top. */
function clipped(draft: Draft, name: string): { x: string; shift: number; top: number } | undefined {
  const node = madeBy(draft, name, 'Clip');
  const sum = node && shiftedBy(draft, node.input[0] ?? '');
  if (node === undefined || sum === undefined) return undefined;
  const call = draft.call(node);
  const low = float(call, 'min') ?? scalarOf(draft, node.input[1]);
  const top = float(call, 'max') ?? scalarOf(draft, node.input[2]);
  return low === 0 && top !== undefined && top > 0 ? { x: sum.value, shift: sum.by, top } : undefined;
}

/** Clip(x + s, 0, t) / t. Source: ONNX, HardSigmoid: max(0, min(1, alpha · x + beta)). */
function hardSigmoid(draft: Draft, node: OnnxNode): OnnxNode | undefined {
  const product = productOf(draft, node);
  const [factor, more] = product?.factors ?? [];
  const found = factor === undefined || more !== undefined ? undefined : clipped(draft, factor);
  if (product === undefined || found === undefined || !isNear(product.scale * found.top, 1)) return undefined;
  const attributes = [floatAttribute('alpha', 1 / found.top), floatAttribute('beta', found.shift / found.top)];
  return nodeOf('HardSigmoid', node, [found.x], attributes);
}

/** Log(1 + Exp(x)). */
function softplus(draft: Draft, node: OnnxNode): OnnxNode | undefined {
  if (node.opType !== 'Log' || node.domain !== '') return undefined;
  const sum = shiftedBy(draft, node.input[0] ?? '');
  const exp = sum?.by === 1 ? madeBy(draft, sum.value, 'Exp') : undefined;
  return exp && nodeOf('Softplus', node, exp.input);
}

/** x · gate(x): which one it is shows in the factors of the product. */
function gated(draft: Draft, node: OnnxNode, isAllowed: IsAllowed): OnnxNode | undefined {
  const product = productOf(draft, node);
  if (product?.factors.length !== 2) return undefined;
  const [a = '', b = ''] = product.factors;
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const fused =
      (isAllowed(14) && hardSwish(draft, node, product, x, gate)) ||
      (isAllowed(24) && swish(draft, node, product, x, gate)) ||
      (isAllowed(18) && mish(draft, node, product, x, gate)) ||
      (isAllowed(20) && gelu(draft, node, product, x, gate));
    if (fused) return fused;
  }
  return undefined;
}

type Gated = OnnxNode | undefined | false;

/** x · Clip(x + 3, 0, 6) / 6, or x · HardSigmoid(x). */
function hardSwish(draft: Draft, node: OnnxNode, { scale }: Product, x: string, gate: string): Gated {
  const clip = clipped(draft, gate);
  const isClip = clip?.x === x && clip.shift === 3 && clip.top === 6 && isNear(scale, 1 / 6);
  const sigmoid = madeBy(draft, gate, 'HardSigmoid');
  const call = sigmoid && draft.call(sigmoid);
  const isSigmoid =
    call?.node.input[0] === x &&
    isNear(scale, 1) &&
    isNear(float(call, 'alpha') ?? 0.2, 1 / 6) &&
    isNear(float(call, 'beta') ?? 0.5, 0.5);
  return (isClip || isSigmoid) && nodeOf('HardSwish', node, [x]);
}

/** x · Sigmoid(alpha · x). Source: Ramachandran et al. 2017, arXiv:1710.05941; ONNX, Swish. */
function swish(draft: Draft, node: OnnxNode, { scale }: Product, x: string, gate: string): Gated {
  const sigmoid = madeBy(draft, gate, 'Sigmoid');
  const inner = sigmoid && productOfValue(draft, sigmoid.input[0] ?? '');
  if (inner?.factors.length !== 1 || inner.factors[0] !== x || !isNear(scale, 1)) return undefined;
  return nodeOf('Swish', node, [x], inner.scale === 1 ? [] : [floatAttribute('alpha', inner.scale)]);
}

/** x · Tanh(Softplus(x)). Source: Misra 2019, arXiv:1908.08681 */
function mish(draft: Draft, node: OnnxNode, { scale }: Product, x: string, gate: string): Gated {
  const tanh = madeBy(draft, gate, 'Tanh');
  return isNear(scale, 1) && madeBy(draft, tanh?.input[0], 'Softplus')?.input[0] === x && nodeOf('Mish', node, [x]);
}

/** ½ x (1 + erf(x / √2)), or with tanh. Source: Hendrycks and Gimpel 2016, arXiv:1606.08415 */
function gelu(draft: Draft, node: OnnxNode, { scale }: Product, x: string, gate: string): Gated {
  const sum = isNear(scale, 0.5) ? shiftedBy(draft, gate) : undefined;
  if (sum?.by !== 1) return undefined;
  const erf = madeBy(draft, sum.value, 'Erf');
  if (erf !== undefined) {
    const inner = productOfValue(draft, erf.input[0] ?? '');
    const isErf = inner.factors.length === 1 && inner.factors[0] === x && isNear(inner.scale, Math.SQRT1_2);
    return isErf && nodeOf('Gelu', node, [x]);
  }
  const tanh = madeBy(draft, sum.value, 'Tanh');
  return (
    tanh &&
    isTanhArgument(draft, tanh.input[0] ?? '', x) &&
    nodeOf('Gelu', node, [x], [textAttribute('approximate', 'tanh')])
  );
}

/** √(2/π) (x + 0.044715 x³), in one of two orders. */
function isTanhArgument(draft: Draft, name: string, x: string): boolean {
  const { scale, factors } = productOfValue(draft, name);
  if (!isNear(scale, Math.sqrt(2 / Math.PI))) return false;
  if (factors.length === 2 && factors.includes(x)) {
    const sum = shiftedBy(draft, factors.find((one) => one !== x) ?? '');
    return sum?.by === 1 && isPower(draft, sum.value, x, 2);
  }
  const add = factors.length === 1 ? madeBy(draft, factors[0], 'Add') : undefined;
  const other = add?.input.find((one) => one !== x);
  return other !== undefined && add?.input.includes(x) === true && isPower(draft, other, x, 3);
}

/** 0.044715 · x to a power. */
function isPower(draft: Draft, name: string, x: string, power: number): boolean {
  const { scale, factors } = productOfValue(draft, name);
  if (!isNear(scale, 0.044715)) return false;
  return factors.reduce((sum, one) => sum + exponentOf(draft, one, x), 0) === power;
}

function exponentOf(draft: Draft, name: string, x: string): number {
  if (name === x) return 1;
  const pow = madeBy(draft, name, 'Pow');
  if (pow?.input[0] === x) return scalarOf(draft, pow.input[1]) ?? Number.NaN;
  const inner = productOfValue(draft, name);
  if (inner.scale !== 1 || inner.factors.length < 2) return Number.NaN;
  return inner.factors.reduce((sum, one) => sum + exponentOf(draft, one, x), 0);
}
