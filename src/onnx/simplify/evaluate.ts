import type { OnnxNode } from '../model.ts';
import { operatorOf } from '../operators.ts';
import { countOf } from '../shapes/tensor.ts';
import type { TensorData } from '../tensorData.ts';
import type { Draft } from './draft.ts';

/** Larger results are cheaper to compute than to store. */
const MOST_ELEMENTS = 16 * 1024 ** 2;

/** The outputs of a node that reads stored values only; undefined where it does not, or is not followed. */
export function evaluate(draft: Draft, node: OnnxNode): TensorData[] | undefined {
  const { domain, opType, input, output } = node;
  const fold = operatorOf(domain, opType)?.fold;
  if (domain !== '' || fold === undefined || input.length === 0) return undefined;
  const inputs = input.map((name) => draft.constant(name));
  if (inputs.some((one, i) => one === undefined && input[i] !== '')) return undefined;
  for (const name of output) {
    const { shape } = draft.inferred(name);
    const size = shape === null ? undefined : countOf(...shape);
    if (name !== '' && opType !== 'NonZero' && (size === undefined || size > MOST_ELEMENTS)) return undefined;
  }
  const result = fold(inputs, draft.call(node));
  return result === undefined || Array.isArray(result) ? result : [result];
}
