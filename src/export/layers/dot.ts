import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { flagOf, type LayerConfig } from '../graph/layerConfig.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerExporter } from '../layerExport.ts';

/** The smallest sum of squares that tfjs divides by, for normalize. */
const EPSILON = 1e-7;

/** Products of two values of rank 2 or 3 along one axis of each. */
export const dot: LayerExporter = {
  classNames: ['Dot'],
  write(call) {
    const { inputs, config, graph } = call;
    const given = inputs.map((value) => plain(graph, value)) as [Value, Value];
    const axes = given.map(({ shape }, i) => axisOf(config, i, shape.length)) as [number, number];
    if (axes.some((axis) => !(axis > 0)) || given.some(({ shape }) => shape.length > 3)) {
      throw unsupportedLayer(
        call,
        `its axes ${JSON.stringify(config['axes'])} count the batch, or a value has more than 3`,
      );
    }
    const isNormalized = flagOf(config, 'normalize', false);
    const [x, y] = given.map((value, i) => (isNormalized ? normalized(graph, value, axes[i] as number) : value)) as [
      Value,
      Value,
    ];
    return product(graph, x, y, axes);
  },
};

function axisOf(config: LayerConfig, i: number, rank: number): number {
  const axes = config['axes'];
  const axis = (Array.isArray(axes) ? axes[i] : axes) as number;
  return axis < 0 ? axis + rank : axis;
}

/** x / √max(Σ x², ε) along the axis. */
function normalized(graph: GraphBuilder, x: Value, axis: number): Value {
  const { shape } = x;
  const one = shape.map((length, i) => (i === axis ? 1 : length));
  const squares = graph.node('Mul', [x, x], { shape });
  const sum = graph.reduce('ReduceSum', squares, [axis], { shape: one }, 'keep');
  const least = graph.node('Max', [sum, graph.floats('epsilon', [], [EPSILON])], { shape: one });
  return graph.node('Div', [x, graph.node('Sqrt', [least], { shape: one })], { shape });
}

/** A matrix product of [B, M, K] and [B, K, N]; a vector gets its missing axis for the product only. */
function product(graph: GraphBuilder, x: Value, y: Value, [ofX, ofY]: readonly [number, number]): Value {
  const batch = x.shape[0] ?? null;
  const isRow = x.shape.length === 2;
  const isColumn = y.shape.length === 2;
  const left = isRow ? widened(graph, x, 1) : ofX === 1 ? turned(graph, x) : x;
  const right = isColumn ? widened(graph, y, 2) : ofY === 2 ? turned(graph, y) : y;
  const [rows = null, columns = null] = [left.shape[1], right.shape[2]];
  const whole = graph.node('MatMul', [left, right], { shape: [batch, rows, columns] });
  if (isRow === isColumn) return isRow ? squeezed(graph, whole, 2, [batch, 1]) : whole;
  return isRow ? squeezed(graph, whole, 1, [batch, columns]) : squeezed(graph, whole, 2, [batch, rows]);
}

function turned(graph: GraphBuilder, value: Value): Value {
  const [batch = null, a = null, b = null] = value.shape;
  return graph.node('Transpose', [value], { shape: [batch, b, a] }, { perm: [0, 2, 1] });
}

function widened(graph: GraphBuilder, value: Value, axis: 1 | 2): Value {
  const [batch = null, length = null] = value.shape;
  const shape = axis === 1 ? [batch, 1, length] : [batch, length, 1];
  return graph.node('Unsqueeze', [value, graph.ints('axis', [1], [axis])], { shape });
}

function squeezed(graph: GraphBuilder, value: Value, axis: number, shape: Value['shape']): Value {
  return graph.node('Squeeze', [value, graph.ints('axis', [1], [axis])], { shape });
}
