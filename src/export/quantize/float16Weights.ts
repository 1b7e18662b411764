import { toHalves } from '../../core/halves.ts';
import { copyOf, type OnnxNode, onnx } from '../../onnx/model.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { intAttribute, isOperator, rewriteNodes } from '../../onnx/simplify/nodes.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { whyNotHalves } from './halves.ts';
import { isExcluded, type NodeLog } from './report.ts';
import { weightOf, weightSize } from './weights.ts';

/** Bytes of a Cast and its names in the file; smaller weights would grow. */
const LEAST_ELEMENTS = 64;

/**
 * Weights stored as halves, each followed by a Cast, which onnxruntime computes once when it opens the model. The model then
 * runs in float32, as fast as before and on every device.
 */
export function toFloat16Weights(draft: Draft, exclude: readonly string[], log: NodeLog): void {
  const casts = new Map<string, string>();
  const whyNot = (name: string) => whyNotHalves(weightOf(draft, name)?.data ?? new Float32Array(0));
  rewriteNodes(draft, (node) => {
    if (isOperator(node, 'Constant')) return undefined;
    const weights = node.input.filter((name) => weightSize(draft, name) >= LEAST_ELEMENTS);
    if (weights.length === 0) return undefined;
    if (isExcluded(node, exclude)) return void log.note(node, 'left', 'it is excluded');
    const reasons = new Map(weights.map((name) => [name, whyNot(name)]));
    const fitting = weights.filter((name) => reasons.get(name) === undefined);
    const why = reasons.get(weights.find((name) => !fitting.includes(name)) ?? '');
    log.note(node, fitting.length > 0 ? 'weights' : 'left', why);
    const before: OnnxNode[] = [];
    const input = node.input.map((name) => {
      if (!fitting.includes(name)) return name;
      const known = casts.get(name);
      if (known !== undefined) return known;
      const { data, shape } = weightOf(draft, name) as Weight;
      const stored = draft.addConstant(`${name}_h`, { dtype: 'float16', shape, data: toHalves(data) });
      const cast = draft.fresh(`${name}_f`);
      before.push(onnx.node({ opType: 'Cast', input: [stored], output: [cast], attribute: [intAttribute('to', 1)] }));
      casts.set(name, cast);
      return cast;
    });
    return [...before, Object.assign(copyOf(node), { input })];
  });
}
