import { isLinear } from './defaultTap.ts';
import type { OnnxModel, OnnxNode } from './model.ts';
import { valuesOf } from './values.ts';

/**
 * What the layers with stored weights (MatMul, Gemm, Conv) read on which a value depends: each once, the nearest to the value
 * first, by the order of the file.
 */
export function layersBefore(model: OnnxModel, value: string): string[] {
  const values = valuesOf(model.graph);
  const makers = new Map<string, OnnxNode>();
  for (const node of values.nodes) for (const output of node.output) makers.set(output, node);
  const needed = new Set<OnnxNode>();
  const open = [makers.get(value)];
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.input) open.push(makers.get(input));
  }
  const read = values.nodes
    .filter((node) => needed.has(node) && isLinear(node, values))
    .flatMap(({ input }) => input.find((name) => name !== '' && !values.constants.has(name)) ?? []);
  return [...new Set(read.reverse())];
}
