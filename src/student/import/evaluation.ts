import type { Compute } from '../../onnx/operator.ts';

/** By ONNX's name with a small first letter. Files of `evaluation/` export one table each. */
export type EvaluatorTable = Readonly<Record<string, Compute>>;
