import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';

/** [B, T, F] → [T, B, F] */
export function timeFirst(graph: GraphBuilder, value: Value): Value {
  return swapped(graph, value);
}

/** [T, B, F] → [B, T, F] */
export function batchFirst(graph: GraphBuilder, value: Value): Value {
  return swapped(graph, value);
}

function swapped(graph: GraphBuilder, { name, shape, dtype, layout }: Value): Value {
  const [first = null, second = null, ...rest] = shape;
  const x: Value = { name, shape, dtype, layout };
  return graph.node('Transpose', [x], { shape: [second, first, ...rest], dtype }, { perm: [1, 0, 2] });
}

/** The same numbers with an axis reversed. */
export function reversed(graph: GraphBuilder, value: Value, axis: number): Value {
  const { shape, dtype } = value;
  const starts = graph.ints('end', [1], [-1]);
  const ends = graph.ints('beforeStart', [1], [-(2 ** 31)]);
  const axes = graph.ints('axis', [1], [axis]);
  return graph.node('Slice', [value, starts, ends, axes, graph.ints('back', [1], [-1])], { shape, dtype });
}
