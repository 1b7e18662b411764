import type { Compute } from '../../onnx/operator.ts';
import { onnxNameOf, operatorOf } from '../../onnx/shapes/operators.ts';
import * as all from './evaluation/all.ts';
import type { EvaluatorTable } from './evaluation.ts';

const EVALUATORS: ReadonlyMap<string, Compute> = new Map(
  (Object.values(all) as EvaluatorTable[]).flatMap((table) => Object.entries(table)),
);

/** What computes an operator, by ONNX's name with a small first letter. */
export function evaluatorOf(operator: string): Compute | undefined {
  return operatorOf('', onnxNameOf(operator) ?? '')?.compute ?? EVALUATORS.get(operator);
}
