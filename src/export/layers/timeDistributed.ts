import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { definitionOf, flagOf } from '../graph/layerConfig.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** Layers that treat [B, T, F] like each [B, F] of it; they need no Reshape. */
const OVER_LAST_AXIS = ['Dense', 'Activation', 'ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU', 'Dropout'];

/** A layer at every time step: batch and time become one axis, [B, T, …] → [B·T, …] and back. */
export const timeDistributed: LayerExporter = {
  classNames: ['TimeDistributed'],
  keepsMask: true,
  refuse({ config, refuseInner }) {
    const inner = definitionOf(config, 'layer');
    if (flagOf(inner.config, 'returnState', false)) return `its ${inner.className} gives states beside its output`;
    const why = refuseInner(inner);
    return why === undefined ? undefined : `the ${inner.className} in it cannot be written: ${why}`;
  },
  write(call) {
    const { inputs, config, graph, name, inner } = call;
    const layer = definitionOf(config, 'layer');
    const { mask: _, ...x } = plain(graph, inputs[0] as Value);
    if (OVER_LAST_AXIS.includes(layer.className)) return inner(layer, [x], `${name}/`);
    const [batch = null, steps = null, ...rest] = x.shape;
    const rows = batch === null || steps === null ? null : batch * steps;
    const lead = knownShape(call, rest);
    const flat = graph.node('Reshape', [x, graph.ints('rows', [lead.length + 1], [-1, ...lead])], {
      shape: [rows, ...rest],
      dtype: x.dtype,
    });
    const [made] = inner(layer, [flat], `${name}/`) as [Value];
    const output = plain(graph, made);
    return withTime(call, output, x, [batch, steps, ...output.shape.slice(1)]);
  },
};

function knownShape(call: LayerCall, rest: Lengths): number[] {
  if (rest.every((length) => length !== null)) return rest as number[];
  throw unsupportedLayer(call, `the shape of one step, [${rest.map((n) => n ?? 'free').join(', ')}], must be known`);
}

/** [B·T, …] → [B, T, …] */
function withTime(call: LayerCall, value: Value, x: Value, shape: Lengths): Value {
  const { graph } = call;
  const rest = knownShape(call, shape.slice(2));
  const { dtype } = value;
  const steps = shape[1] ?? undefined;
  if (steps !== undefined) {
    const to = graph.ints('steps', [shape.length], [-1, steps, ...rest]);
    return graph.node('Reshape', [value, to], { shape, dtype });
  }
  const lead = leadOf(graph, x);
  const tail = graph.ints('step', [rest.length], rest);
  const to = graph.node('Concat', [lead, tail], { shape: [shape.length], dtype: 'int64' }, { axis: 0 });
  return graph.node('Reshape', [value, to], { shape, dtype });
}

/** int64 [2]: batch and time, when the model runs. */
function leadOf(graph: GraphBuilder, x: Value): Value {
  const sizes = graph.node('Shape', [x], { shape: [x.shape.length], dtype: 'int64' });
  return graph.node('Gather', [sizes, graph.ints('lead', [2], [0, 1])], { shape: [2], dtype: 'int64' });
}
