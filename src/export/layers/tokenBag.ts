import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import type { LayerExporter } from '../layerExport.ts';
import { wholeIds } from './embedding.ts';

/** limbeck's mean of tokens' vectors, [B, …, T] → [B, …, F]: a Gather, a sum, and a division by how many are not 0. */
export const tokenBag: LayerExporter = {
  classNames: ['TokenBag'],
  takesIntegers: true,
  write({ inputs, graph, weight }) {
    const x = plain(graph, inputs[0] as Value);
    const { shape, data } = weight('embeddings');
    const width = shape[1] as number;
    const table = graph.floats('embeddings', shape, Float32Array.from(data).fill(0, 0, width));
    const last = x.shape.length - 1;
    const bags = x.shape.slice(0, -1);
    const ids = wholeIds(graph, x);
    const vectors = graph.node('Gather', [table, ids], { shape: [...x.shape, width] });
    const sums = graph.reduce('ReduceSum', vectors, [last], { shape: [...bags, width] });
    const numbers = graph.node('Cast', [ids], { shape: x.shape }, { to: 1 });
    const one = graph.floats('one', [], [1]);
    const isToken = graph.node('Min', [numbers, one], { shape: x.shape });
    const counts = graph.reduce('ReduceSum', isToken, [last], { shape: [...bags, 1] }, 'keep');
    const atLeastOne = graph.node('Max', [counts, one], { shape: [...bags, 1] });
    return graph.node('Div', [sums, atLeastOne], { shape: [...bags, width] });
  },
};
