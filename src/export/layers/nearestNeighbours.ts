import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** The layer's options. */
const LEAST_PROBABILITY = 1e-6;
const ROUNDING = 2 ** -20;

/** limbeck's nearest neighbours, [..., F] → [..., C]: the remembered examples become constants, centred on their mean. */
export const nearestNeighbours: LayerExporter = {
  classNames: ['NearestNeighbours'],
  write({ inputs, config, graph, weight }) {
    const x = plain(graph, inputs[0] as Value);
    const [memory, votes] = [weight('memory'), weight('votes')];
    const [examples, width] = memory.shape as [number, number];
    const classes = votes.shape[1] as number;
    const { centre, moved, most } = aroundTheirMean(memory.data, examples, width);
    const rows = x.shape.slice(0, -1);
    const near = { shape: [...rows, examples] };
    const column = { shape: [...rows, 1] };

    const from = graph.node('Sub', [x, graph.floats('centre', [width], centre)], { shape: x.shape });
    const own = graph.reduce(
      'ReduceSum',
      graph.node('Mul', [from, from], { shape: x.shape }),
      [x.shape.length - 1],
      column,
      'keep',
    );
    const product = graph.node(
      'MatMul',
      [
        from,
        graph.floats(
          'memory',
          [width, examples],
          moved.map((v) => -2 * v),
        ),
      ],
      near,
    );
    const squares = graph.floats('squares', [examples], squaresOf(moved, examples, width));
    const apart = graph.node('Add', [graph.node('Add', [product, squares], near), own], near);
    const distances = graph.node('Relu', [apart], near);
    const [nearest, farthest] = ends(graph, distances, Math.min(numberOf(config, 'k'), examples), rows);
    const longest = graph.node('Add', [own, graph.floats('longest', [], [most])], column);
    const rounding = graph.node('Mul', [longest, graph.floats('rounding', [], [ROUNDING])], column);
    const limit = graph.node('Add', [farthest, rounding], column);
    const isNear = graph.node('LessOrEqual', [distances, limit], { ...near, dtype: 'bool' });
    const closer = graph.node('Sub', [nearest, distances], near);
    const temperature = Math.max(numberOf(config, 'temperature'), 2 ** -126);
    const closeness = graph.node(
      'Exp',
      [graph.node('Div', [closer, graph.floats('temperature', [], [temperature])], near)],
      near,
    );
    const weights = graph.node('Where', [isNear, closeness, graph.floats('none', [], [0])], near);

    const counted = graph.node('MatMul', [weights, graph.floats('votes', [examples, classes], votes.data)], {
      shape: [...rows, classes],
    });
    const all = graph.reduce('ReduceSum', weights, [x.shape.length - 1], column, 'keep');
    const shares = graph.node('Div', [counted, all], { shape: [...rows, classes] });
    const least = graph.node('Max', [shares, graph.floats('least', [], [LEAST_PROBABILITY])], { shape: shares.shape });
    return graph.node('Log', [least], { shape: shares.shape });
  },
};

/** The smallest of each row, and the k-th. */
function ends(graph: GraphBuilder, distances: Value, k: number, rows: Value['shape']): [Value, Value] {
  const shape = [...rows, k];
  const [values] = graph.nodeOf(
    'TopK',
    [distances, graph.ints('neighbours', [1], [k])],
    [{ shape }, { shape, dtype: 'int64' }],
    { axis: -1, largest: 0, sorted: 1 },
  ) as [Value, Value];
  const at = (place: number) =>
    graph.node('Gather', [values, graph.ints(`place_${place}`, [1], [place])], { shape: [...rows, 1] }, { axis: -1 });
  return [at(0), at(k - 1)];
}

/** Examples [N, F] as columns [F, N] around their mean, and the largest of their squared lengths. */
function aroundTheirMean(data: ArrayLike<number>, examples: number, width: number) {
  const centre = Float32Array.from({ length: width }, (_, f) => {
    let sum = 0;
    for (let n = 0; n < examples; n++) sum += data[n * width + f] as number;
    return sum / examples;
  });
  const moved = Float32Array.from(
    { length: width * examples },
    (_, at) =>
      (data[(at % examples) * width + Math.floor(at / examples)] as number) -
      (centre[Math.floor(at / examples)] as number),
  );
  return { centre, moved, most: squaresOf(moved, examples, width).reduce((most, one) => Math.max(most, one), 0) };
}

function squaresOf(columns: Float32Array, examples: number, width: number): Float32Array {
  return Float32Array.from({ length: examples }, (_, n) => {
    let sum = 0;
    for (let f = 0; f < width; f++) sum += (columns[f * examples + n] as number) ** 2;
    return sum;
  });
}
