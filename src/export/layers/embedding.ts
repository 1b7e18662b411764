import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { flagOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';
import { noteMask } from '../recurrent/staleMask.ts';

/**
 * One row of the table for each id: a Gather. With maskZero the recurrent layers after it skip steps whose id is 0, if ids
 * are [B, T]; other ranks have no mask.
 */
export const embedding: LayerExporter = {
  classNames: ['Embedding'],
  takesIntegers: true,
  write({ inputs, config, graph, weight }) {
    const [given] = inputs as [Value];
    const x = plain(graph, given);
    const { shape, data } = weight('embeddings');
    const table = graph.floats('embeddings', shape, data);
    const rows = graph.node('Gather', [table, wholeIds(graph, x)], { shape: [...x.shape, shape[1] as number] });
    if (!flagOf(config, 'maskZero', false) || x.shape.length !== 2) return rows;
    const zero = x.dtype === 'float32' ? graph.floats('zero', [], [0]) : integerZero(graph, x.dtype);
    const isZero = graph.node('Equal', [x, zero], { shape: x.shape, dtype: 'bool' });
    return { ...rows, mask: noteMask(graph, graph.node('Not', [isZero], { shape: x.shape, dtype: 'bool' })) };
  },
};

/** Gather takes integers only; tfjs truncates fractions, as Cast does. */
export function wholeIds(graph: GraphBuilder, x: Value): Value {
  if (x.dtype === 'int32' || x.dtype === 'int64') return x;
  return graph.node('Cast', [x], { shape: x.shape, dtype: 'int32' }, { to: 6 });
}

function integerZero(graph: GraphBuilder, dtype: Value['dtype']): string {
  return dtype === 'int64' ? graph.ints('zero', [], [0]) : graph.int32s('zero', [], [0]);
}
