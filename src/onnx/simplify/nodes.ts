import { type OnnxNode, onnx } from '../model.ts';
import type { ElementArray, TensorData } from '../tensorData.ts';
import type { Draft } from './draft.ts';

/** A node of ONNX's own set. */
export function nodeOf(
  opType: string,
  like: OnnxNode,
  input: readonly string[],
  attribute: OnnxNode['attribute'] = [],
): OnnxNode {
  return onnx.node({ opType, name: like.name, input: [...input], output: [like.output[0] ?? ''], attribute });
}

export const floatAttribute = (name: string, f: number) => onnx.attribute({ name, type: 1, f });
export const intAttribute = (name: string, i: number) => onnx.attribute({ name, type: 2, i: BigInt(i) });
export const textAttribute = (name: string, text: string) =>
  onnx.attribute({ name, type: 3, s: new TextEncoder().encode(text) });
export const intsAttribute = (name: string, ints: readonly number[]) =>
  onnx.attribute({ name, type: 7, ints: ints.map(BigInt) });

/** Whether a node of a draft is one of ONNX's own operators, of one of these names. */
export function isOperator({ domain, opType }: OnnxNode, ...names: readonly string[]): boolean {
  return domain === '' && names.includes(opType);
}

/** Replaces each node for which `rewrite` gives others. */
export function rewriteNodes(draft: Draft, rewrite: (node: OnnxNode) => readonly OnnxNode[] | undefined): void {
  for (const node of draft.nodes()) {
    const by = rewrite(node);
    if (by !== undefined) draft.replace(node, ...by);
  }
}

/** The one element of a constant, as a number. */
export function scalarOf(draft: Draft, name: string | undefined): number | undefined {
  const found = draft.constant(name);
  if (found === undefined || found.data.length !== 1 || found.dtype === 'float16' || found.dtype === 'bfloat16') {
    return undefined;
  }
  return Number(found.data[0]);
}

/** All elements of a constant, as numbers. */
export function numbersIn(draft: Draft, name: string | undefined): readonly number[] | undefined {
  const found = draft.constant(name);
  return found && Array.from(found.data as ArrayLike<number | bigint>, Number);
}

export const intsData = (list: readonly number[]): TensorData => ({
  dtype: 'int64',
  shape: [list.length],
  data: BigInt64Array.from(list, BigInt),
});
export const floatData = (shape: readonly number[], data: ElementArray): TensorData => ({
  dtype: 'float32',
  shape,
  data,
});
