import { toHalves } from '../../core/halves.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { onnx } from '../../onnx/model.ts';
import { storedData } from '../../onnx/tensorData.ts';
import { whyNotHalves } from './halves.ts';
import type { NodeLog } from './report.ts';
import { elementsOf, intOf, isExcluded, isOperator, type WorkGraph } from './workGraph.ts';

/** Bytes of a Cast and its names in the file; smaller weights would grow. */
const LEAST_ELEMENTS = 64;

/**
 * Weights stored as halves, each followed by a Cast, which onnxruntime computes once when it opens the model. The model then
 * runs in float32, as fast as before and on every device.
 */
export function toFloat16Weights(work: WorkGraph, exclude: readonly string[], log: NodeLog): void {
  const casts = new Map<string, string>();
  const whyNot = (name: string) => whyNotHalves(work.weight(name)?.data ?? new Float32Array(0));
  work.finish((node) => {
    if (isOperator(node, 'Constant')) return undefined;
    const weights = node.input.filter((name) => {
      const weight = work.weight(name);
      return weight !== undefined && elementsOf(weight) >= LEAST_ELEMENTS;
    });
    if (weights.length === 0) return undefined;
    if (isExcluded(node, exclude)) return void log.note(node, 'left', 'it is excluded');
    const reasons = new Map(weights.map((name) => [name, whyNot(name)]));
    const fitting = weights.filter((name) => reasons.get(name) === undefined);
    const why = reasons.get(weights.find((name) => !fitting.includes(name)) ?? '');
    log.note(node, fitting.length > 0 ? 'weights' : 'left', why);
    const before: OnnxNode[] = [];
    node.input = node.input.map((name) => {
      if (!fitting.includes(name)) return name;
      const known = casts.get(name);
      if (known !== undefined) return known;
      const { data, shape } = work.weight(name) as NonNullable<ReturnType<WorkGraph['weight']>>;
      const halves = toHalves(data);
      const stored = work.store(storedData(work.freshName(`${name}_h`), 'float16', shape, halves));
      const cast = work.freshName(`${name}_f`);
      before.push(onnx.node({ opType: 'Cast', input: [stored], output: [cast], attribute: [intOf('to', 1)] }));
      casts.set(name, cast);
      return cast;
    });
    return [...before, node];
  });
}
