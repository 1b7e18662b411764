import { type Attribute, float, type Output } from '../graph/graph.ts';
import type { Value } from '../graph/graphValue.ts';
import { channelsBeforeSpace } from '../graph/kernels.ts';
import { channelsFirst } from '../graph/layout.ts';
import { listOf, numberAt, type OperatorCall, stored, wordAt } from '../graph/operatorCall.ts';
import type { Weight } from '../layerExport.ts';

/** What moves a window over an image: with channels first. */
export function writeSpatial(call: OperatorCall): Value {
  const { graph, name, shape } = call;
  const x = channelsFirst(graph, call.operands[0] as Value);
  const layout = shape.length < 3 ? 'plain' : 'channels-first';
  const output: Output = { shape, dtype: x.dtype, layout };
  const [kernel, bias] = call.operands.slice(1) as [Weight | undefined, Weight | undefined];
  switch (call.operator) {
    case 'conv':
    case 'convTranspose': {
      const { shape: lengths, data } = kernel as Weight;
      const held = channelsBeforeSpace(lengths, data);
      const inputs = [
        x,
        graph.floats('kernel', held.shape, held.data),
        ...(bias === undefined ? [] : [stored(graph, bias)]),
      ];
      const isBack = call.operator === 'convTranspose';
      const space = lengths.length - 2;
      return graph.node(name, inputs, output, {
        ...windowOf(call, held.shape.slice(2)),
        group: numberAt(call, 'group', 1),
        ...(isBack && { output_padding: listOf(call, 'extra').slice(0, space) }),
      });
    }
    case 'maxPool':
      return graph.node(name, [x], output, windowOf(call, listOf(call, 'kernelShape')));
    case 'averagePool':
      return graph.node(name, [x], output, {
        ...windowOf(call, listOf(call, 'kernelShape')),
        count_include_pad: numberAt(call, 'countIncludePad', 0),
      });
    case 'resize':
      return resized(call, x, output);
    case 'groupNormalization':
      return normalized(call, x, output);
    default: {
      const isBack = call.operator === 'depthToSpace';
      const mode = wordAt(call, 'mode', 'dcr').toUpperCase();
      return graph.node(name, [x], output, { blocksize: numberAt(call, 'blocksize', 1), ...(isBack && { mode }) });
    }
  }
}

/** Pads that only make the last window whole are what ceil_mode adds by itself. */
function windowOf(call: OperatorCall, kernel: readonly number[]): Record<string, Attribute> {
  const pads = listOf(call, 'pads');
  const isPooling = call.operator.endsWith('Pool');
  const extra = isPooling ? listOf(call, 'extra') : [];
  const fronts = kernel.map((_, i) => pads[2 * i] ?? 0);
  const backs = kernel.map((_, i) => (pads[2 * i + 1] ?? 0) - (extra[i] ?? 0));
  const dilations = listOf(call, 'dilations');
  return {
    kernel_shape: kernel,
    strides: listOf(call, 'strides'),
    pads: [...fronts, ...backs],
    ...(dilations.some((one) => one !== 1) && { dilations }),
    ...(extra.some((one) => one > 0) && { ceil_mode: 1 }),
  };
}

const WORDS: Readonly<Record<string, string>> = {
  halfPixel: 'half_pixel',
  alignCorners: 'align_corners',
  pytorchHalfPixel: 'pytorch_half_pixel',
  roundPreferFloor: 'round_prefer_floor',
  roundPreferCeil: 'round_prefer_ceil',
};

function resized(call: OperatorCall, x: Value, output: Output): Value {
  const { graph } = call;
  const word = (key: string, otherwise: string) => {
    const value = wordAt(call, key, otherwise);
    return WORDS[value] ?? value;
  };
  const scales = [1, 1, ...listOf(call, 'scales')];
  const mode = wordAt(call, 'mode', 'nearest');
  return graph.node('Resize', [x, '', graph.floats('scales', [scales.length], scales)], output, {
    mode,
    coordinate_transformation_mode: word('coordinates', 'halfPixel'),
    ...(mode === 'nearest' && { nearest_mode: word('rounding', 'roundPreferFloor') }),
  });
}

/** One group a channel is ONNX's instance normalization; others are that of groups as channels, then scaled. */
function normalized(call: OperatorCall, x: Value, output: Output): Value {
  const { graph, operands } = call;
  const [scale, bias] = operands.slice(1) as [Weight, Weight];
  const channels = scale.shape[0] as number;
  const groups = numberAt(call, 'numGroups', channels);
  const epsilon = float(numberAt(call, 'epsilon', 1e-5));
  if (groups === channels) {
    return graph.node('InstanceNormalization', [x, stored(graph, scale), stored(graph, bias)], output, { epsilon });
  }
  const [lines, ones] = [graph.ints('groups', [3], [0, groups, -1]), new Float32Array(groups).fill(1)];
  const split = graph.node('Reshape', [x, lines], { shape: [output.shape[0] ?? null, groups, null] });
  const unit = [graph.floats('ones', [groups], ones), graph.floats('zeros', [groups], new Float32Array(groups))];
  const normal = graph.node('InstanceNormalization', [split, ...unit], split, { epsilon });
  const back = graph.node('Shape', [x], { shape: [output.shape.length], dtype: 'int64' });
  const whole = graph.node('Reshape', [normal, back], output);
  const wide = [channels, ...new Array<number>(output.shape.length - 2).fill(1)];
  const scaled = graph.node('Mul', [whole, graph.floats('gamma', wide, scale.data)], output);
  return graph.node('Add', [scaled, graph.floats('beta', wide, bias.data)], output);
}
