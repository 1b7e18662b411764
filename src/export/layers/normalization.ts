import { float, type GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import { heldAxis, type Lengths, type Value } from '../../onnx/write/graphValue.ts';
import { heldData, plain } from '../../onnx/write/layout.ts';
import { like } from '../graph/activate.ts';
import { flagOf, numberOf } from '../graph/layerConfig.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

export const normalization: readonly LayerExporter[] = [
  { classNames: ['BatchNormalization'], keepsMask: true, write: writeBatch },
  { classNames: ['LayerNormalization'], keepsMask: true, write: writeLayer },
];

/** One node if the axis is second in the file; otherwise a product and a sum, without a Transpose. */
function writeBatch({ inputs, config, graph, weight }: LayerCall): Value {
  const [x] = inputs as [Value];
  const epsilon = numberOf(config, 'epsilon', 1e-3);
  const read = (name: string) => heldData(x, weight(name).shape, weight(name).data);
  const [mean, variance] = [read('moving_mean'), read('moving_variance')];
  const gamma = flagOf(config, 'scale', true) ? read('gamma') : mean.map(() => 1);
  const beta = flagOf(config, 'center', true) ? read('beta') : mean.map(() => 0);
  const axis = heldAxis(x, numberOf(config, 'axis', -1));
  if (axis === 1) {
    const parts = Object.entries({ gamma, beta, moving_mean: mean, moving_variance: variance });
    const constants = parts.map(([name, data]) => graph.floats(name, [mean.length], data));
    return graph.node('BatchNormalization', [x, ...constants], like(x), { epsilon: float(epsilon) });
  }
  const factor = gamma.map((value, i) => value / Math.sqrt((variance[i] as number) + epsilon));
  const offset = beta.map((value, i) => value - (mean[i] as number) * (factor[i] as number));
  const shape = [mean.length, ...x.shape.slice(axis + 1).map(() => 1)];
  const product = graph.node('Mul', [x, graph.floats('factor', shape, factor)], like(x));
  return graph.node('Add', [product, graph.floats('offset', shape, offset)], like(x));
}

/** LayerNormalization from opset 17 on, if the axes are the last ones in order; otherwise written out. */
function writeLayer({ inputs, config, graph, weight }: LayerCall): Value {
  const [given] = inputs as [Value];
  const x = plain(graph, given);
  const rank = x.shape.length;
  const axes = [config['axis'] ?? -1].flat().map((axis) => ((axis as number) + rank) % rank);
  const gamma = flagOf(config, 'scale', true) ? weight('gamma').data : undefined;
  const beta = flagOf(config, 'center', true) ? weight('beta').data : undefined;
  const epsilon = numberOf(config, 'epsilon', 1e-3);
  const isTrailing = axes.every((axis, i) => axis === rank - axes.length + i);
  if (graph.opset < 17 || !isTrailing || axes.some((axis) => (x.shape[axis] ?? null) === null)) {
    return ownSums(graph, x, { axes, gamma, beta, epsilon });
  }
  const shape = axes.map((axis) => x.shape[axis] as number);
  const scale = gamma ?? new Float32Array(shape.reduce((size, length) => size * length, 1)).fill(1);
  const constants = [graph.floats('gamma', shape, scale)];
  if (beta !== undefined) constants.push(graph.floats('beta', shape, beta));
  const attributes = { axis: -axes.length, epsilon: float(epsilon) };
  return graph.node('LayerNormalization', [x, ...constants], like(x), attributes);
}

interface Sums {
  readonly axes: readonly number[];
  readonly gamma: Float32Array | undefined;
  readonly beta: Float32Array | undefined;
  readonly epsilon: number;
}

function ownSums(graph: GraphBuilder, x: Value, { axes, gamma, beta, epsilon }: Sums): Value {
  const reduced: Lengths = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const mean = graph.reduce('ReduceMean', x, axes, { shape: reduced }, 'keep');
  const centered = graph.node('Sub', [x, mean], like(x));
  const square = graph.node('Mul', [centered, centered], like(x));
  const variance = graph.reduce('ReduceMean', square, axes, { shape: reduced }, 'keep');
  const safe = graph.node('Add', [variance, graph.floats('epsilon', [], [epsilon])], { shape: reduced });
  const deviation = graph.node('Sqrt', [safe], { shape: reduced });
  let made = graph.node('Div', [centered, deviation], like(x));
  const wide = x.shape.map((length, axis) => (axes.includes(axis) ? (length ?? 1) : 1));
  if (gamma !== undefined) made = graph.node('Mul', [made, graph.floats('gamma', wide, gamma)], like(x));
  return beta === undefined ? made : graph.node('Add', [made, graph.floats('beta', wide, beta)], like(x));
}
