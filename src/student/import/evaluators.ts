import * as all from './evaluation/all.ts';
import type { Evaluator, EvaluatorTable } from './evaluation.ts';

const EVALUATORS: ReadonlyMap<string, Evaluator> = new Map(
  (Object.values(all) as EvaluatorTable[]).flatMap((table) => Object.entries(table)),
);

/** What computes an operator, by ONNX's name with a small first letter. */
export function evaluatorOf(operator: string): Evaluator | undefined {
  return EVALUATORS.get(operator);
}
