import type { OnnxLength } from '../description.ts';
import type { OnnxNode } from '../model.ts';
import { graphsOf } from '../references.ts';
import { constantIn, type ElementType, type TensorData } from '../tensorData.ts';
import { typedArray } from './convert.ts';
import type { Draft } from './draft.ts';
import { evaluate } from './evaluate.ts';

/** Makes the values of Constant nodes stored ones. */
export function storeConstants(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.opType !== 'Constant' || isNeeded(draft, node)) continue;
    const tensor = constantIn(node);
    if (tensor !== undefined) draft.settle(node, [tensor]);
  }
}

/** Computes what follows from stored values and known shapes, and stores it. */
export function foldConstants(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.opType === 'Constant' || isNeeded(draft, node) || graphsOf(node).length > 0) continue;
    const results = fromShapes(draft, node) ?? evaluate(draft, node);
    if (results !== undefined) draft.settle(node, results);
  }
}

/** An output of the model, or a tap, stays the result of a node. */
function isNeeded(draft: Draft, node: OnnxNode): boolean {
  return node.output.some((name) => draft.isResult(name));
}

/** Few elements that the inference of shapes knows already. */
function fromShapes(draft: Draft, node: OnnxNode): TensorData[] | undefined {
  const results: TensorData[] = [];
  for (const name of node.output) {
    const { dtype, shape, values } = draft.inferred(name);
    if (!isIntegral(dtype) || !isAllNumbers(shape) || !isAllNumbers(values)) return undefined;
    results.push({ dtype, shape, data: typedArray(dtype, values) });
  }
  return results;
}

function isAllNumbers(values: readonly OnnxLength[] | null | undefined): values is readonly number[] {
  return values?.every((one) => typeof one === 'number') ?? false;
}

/** Only whole numbers follow exactly from shapes. */
function isIntegral(dtype: string | null): dtype is ElementType {
  return dtype === 'int64' || dtype === 'int32' || dtype === 'bool';
}
