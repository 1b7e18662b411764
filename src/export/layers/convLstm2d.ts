import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import { channelsBeforeSpace } from '../../onnx/write/kernels.ts';
import { plain } from '../../onnx/write/layout.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { activate, refuseActivation } from '../graph/activate.ts';
import { flagOf, lengthsOf, numberOf, textOf } from '../graph/layerConfig.ts';
import { isChannelsFirst } from '../graph/space.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import { slidLengths, type Window, windowAttributes } from '../graph/windows.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';
import { refuseStaleMask } from '../recurrent/staleMask.ts';
import { MOST_STEPS } from '../recurrent/unrolled.ts';

/** An LSTM whose products are convolutions, step by step: ONNX has no operator for it. */
export const convLstm2d: LayerExporter = {
  classNames: ['ConvLSTM2D'],
  refuse({ config }) {
    if (flagOf(config, 'stateful', false)) return 'it is stateful, and an ONNX model forgets its state after each call';
    if (isChannelsFirst(config)) return 'its dataFormat is "channelsFirst"';
    return refuseActivation(config['activation'] ?? 'tanh') ?? refuseActivation(gateOf(config));
  },
  write: writeConvLstm,
};

function writeConvLstm(call: LayerCall): Value[] {
  const { inputs, config, graph, weight } = call;
  const x = plain(graph, inputs[0] as Value);
  refuseStaleMask(call, x);
  const [batch = null, steps = null, ...image] = x.shape;
  if (inputs.length > 1 || x.mask !== undefined) throw unsupportedLayer(call, 'it has first states or a mask');
  if (steps === null || steps > MOST_STEPS || image.some((length) => length === null)) {
    throw unsupportedLayer(
      call,
      `it is written step by step, which takes known lengths and at most ${MOST_STEPS} steps`,
    );
  }
  const filters = numberOf(config, 'filters');
  const window: Window = {
    kernel: lengthsOf(config, 'kernelSize', 2),
    strides: lengthsOf(config, 'strides', 2, 1),
    dilations: lengthsOf(config, 'dilationRate', 2, 1),
    padding: textOf(config, 'padding', 'valid'),
  };
  const around: Window = { ...window, strides: [1, 1], dilations: [1, 1], padding: 'same' };
  const space = slidLengths(image.slice(0, 2), window);
  const bias = flagOf(config, 'useBias', true) ? weight('bias') : undefined;
  const held = (channels: number) => ({ shape: [batch, ...space, channels], layout: 'channels-first' }) as const;

  const states: Value[] = [];
  const outputs = new Array<Value>(steps);
  const isBackwards = flagOf(config, 'goBackwards', false);
  for (let step = 0; step < steps; step++) {
    const given = imageAt(graph, x, isBackwards ? steps - 1 - step : step);
    const ofX = convolved(
      graph,
      given,
      weight('kernel'),
      bias,
      windowAttributes(image.slice(0, 2), window),
      held(4 * filters),
    );
    const [h, c] = states;
    const ofH =
      h &&
      convolved(graph, h, weight('recurrent_kernel'), undefined, windowAttributes(space, around), held(4 * filters));
    const sum = ofH === undefined ? ofX : graph.node('Add', [ofX, ofH], held(4 * filters));
    const sizes = graph.ints('gates', [4], [filters, filters, filters, filters]);
    const gates = graph.nodeOf(
      'Split',
      [sum, sizes],
      [0, 1, 2, 3].map(() => held(filters)),
      { axis: 1 },
    );
    const [i, f, candidate, o] = gates as [Value, Value, Value, Value];
    const open = (gate: Value) => activate(graph, gate, gateOf(config));
    const active = (value: Value) => activate(graph, value, config['activation'] ?? 'tanh');
    const added = graph.node('Mul', [open(i), active(candidate)], held(filters));
    const kept = c && graph.node('Mul', [open(f), c], held(filters));
    const nextC = kept === undefined ? added : graph.node('Add', [kept, added], held(filters));
    states.splice(0, 2, graph.node('Mul', [open(o), active(nextC)], held(filters)), nextC);
    outputs[step] = states[0] as Value;
  }
  const output = flagOf(config, 'returnSequences', false)
    ? stacked(graph, outputs, space, filters)
    : (states[0] as Value);
  return flagOf(config, 'returnState', false) ? [output, ...states] : [output];
}

function gateOf(config: LayerCall['config']): unknown {
  return config['recurrentActivation'] ?? 'hard_sigmoid';
}

/** One step of [B, T, H, W, C], held [B, C, H, W]. */
function imageAt(graph: GraphBuilder, x: Value, time: number): Value {
  const shape = [x.shape[0] ?? null, ...x.shape.slice(2)];
  const image = graph.node('Gather', [x, graph.ints(`time${time}`, [], [time])], { shape }, { axis: 1 });
  return graph.node('Transpose', [image], { shape, layout: 'channels-first' }, { perm: [0, 3, 1, 2] });
}

function convolved(
  graph: GraphBuilder,
  x: Value,
  stored: Weight,
  bias: Weight | undefined,
  attributes: ReturnType<typeof windowAttributes>,
  output: Parameters<GraphBuilder['node']>[2],
): Value {
  const kernel = channelsBeforeSpace(stored.shape, stored.data);
  const name = stored.name.endsWith('recurrent_kernel') ? 'recurrentKernel' : 'kernel';
  const constants = [graph.floats(name, kernel.shape, kernel.data)];
  if (bias !== undefined) constants.push(graph.floats('bias', bias.shape, bias.data));
  return graph.node('Conv', [x, ...constants], output, attributes);
}

/** [B, T, H, W, F] of the steps' images. */
function stacked(graph: GraphBuilder, images: readonly Value[], space: Lengths, filters: number): Value {
  const axis = graph.ints('step', [1], [1]);
  const one = (image: Value) => {
    const flat = plain(graph, image);
    return graph.node('Unsqueeze', [flat, axis], { shape: [flat.shape[0] ?? null, 1, ...space, filters] });
  };
  const shape = [images[0]?.shape[0] ?? null, images.length, ...space, filters];
  return graph.node('Concat', images.map(one), { shape }, { axis: 1 });
}
