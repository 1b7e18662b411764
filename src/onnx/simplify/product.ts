import type { OnnxNode } from '../model.ts';
import type { Draft } from './draft.ts';
import { scalarOf } from './nodes.ts';

/** scale · factor · factor …: a tree of multiplications, with its scalar constants in one number. */
export interface Product {
  readonly scale: number;
  readonly factors: readonly string[];
}

/** The product that a node computes. A factor that others read as well is taken as it is, and not looked into. */
export function productOf(draft: Draft, node: OnnxNode): Product | undefined {
  if (node.domain !== '' || (node.opType !== 'Mul' && node.opType !== 'Div')) return undefined;
  const [a = '', b = ''] = node.input;
  const [left, right] = [scalarOf(draft, a), scalarOf(draft, b)];
  if (node.opType === 'Div') {
    if (right === undefined) return undefined;
    const inner = productOfValue(draft, a);
    return { scale: inner.scale / right, factors: inner.factors };
  }
  if (left !== undefined && right !== undefined) return undefined;
  if (left !== undefined || right !== undefined) {
    const inner = productOfValue(draft, left === undefined ? a : b);
    return { scale: inner.scale * ((left ?? right) as number), factors: inner.factors };
  }
  const [one, other] = [productOfValue(draft, a), productOfValue(draft, b)];
  return { scale: one.scale * other.scale, factors: [...one.factors, ...other.factors] };
}

/** A value as a product; of itself, where it is none that stands here alone. */
export function productOfValue(draft: Draft, name: string): Product {
  const maker = draft.isReadOnce(name) ? draft.maker(name) : undefined;
  return (maker && productOf(draft, maker)) ?? { scale: 1, factors: [name] };
}

/** a + constant: the value and the constant. */
export function shiftedBy(draft: Draft, name: string): { readonly value: string; readonly by: number } | undefined {
  const node = madeBy(draft, name, 'Add');
  if (node === undefined) return undefined;
  const [a = '', b = ''] = node.input;
  const [left, right] = [scalarOf(draft, a), scalarOf(draft, b)];
  if (right !== undefined) return { value: a, by: right };
  return left === undefined ? undefined : { value: b, by: left };
}

/** The node that makes a value, if it is this operator of ONNX's own set. */
export function madeBy(draft: Draft, name: string | undefined, opType: string): OnnxNode | undefined {
  const maker = name === undefined ? undefined : draft.maker(name);
  return maker?.opType === opType && maker.domain === '' ? maker : undefined;
}

/** Equal as far as single precision and rounded constants in files go. */
export function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-5 * Math.max(1e-3, Math.abs(b));
}
