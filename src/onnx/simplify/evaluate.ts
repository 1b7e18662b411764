import type { OnnxNode } from '../model.ts';
import type { Call } from '../shapes/call.ts';
import { countOf } from '../shapes/tensor.ts';
import type { TensorData } from '../tensorData.ts';
import { ARITHMETIC } from './arithmetic.ts';
import type { Draft } from './draft.ts';
import { MOVEMENT } from './movement.ts';
import { REDUCTIONS } from './reductions.ts';

/** What an operator gives for stored inputs; undefined where a case of it is not covered. */
export type Evaluator = (
  inputs: readonly (TensorData | undefined)[],
  call: Call,
) => TensorData | TensorData[] | undefined;

const EVALUATORS: Readonly<Record<string, Evaluator>> = { ...MOVEMENT, ...ARITHMETIC, ...REDUCTIONS };

/** Larger results are cheaper to compute than to store. */
const MOST_ELEMENTS = 16 * 1024 ** 2;

/** The outputs of a node that reads stored values only; undefined where it does not, or is not followed. */
export function evaluate(draft: Draft, node: OnnxNode): TensorData[] | undefined {
  const { domain, opType, input, output } = node;
  if (domain !== '' || !Object.hasOwn(EVALUATORS, opType) || input.length === 0) return undefined;
  const inputs = input.map((name) => draft.constant(name));
  if (inputs.some((one, i) => one === undefined && input[i] !== '')) return undefined;
  for (const name of output) {
    const { shape } = draft.inferred(name);
    const size = shape === null ? undefined : countOf(...shape);
    if (name !== '' && opType !== 'NonZero' && (size === undefined || size > MOST_ELEMENTS)) return undefined;
  }
  const result = EVALUATORS[opType]?.(inputs, draft.call(node));
  return result === undefined || Array.isArray(result) ? result : [result];
}
