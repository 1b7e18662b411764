import type { Attribute } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { type LayerConfig, lengthsOf, textOf } from '../graph/layerConfig.ts';
import { isChannelsFirst, spaceOf } from '../graph/space.ts';
import { slidLengths, type Window, windowAttributes } from '../graph/windows.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** Poolings over one to three axes. Averages leave the padding out, as tfjs's do: count_include_pad is 0 by default. */
export const pooling: readonly LayerExporter[] = [1, 2, 3].flatMap((rank): LayerExporter[] => [
  { classNames: [`MaxPooling${rank}D`], write: (call) => writePooling(call, 'MaxPool', rank) },
  { classNames: [`AveragePooling${rank}D`], write: (call) => writePooling(call, 'AveragePool', rank) },
  { classNames: [`GlobalMaxPooling${rank}D`], refuse: refuseGlobal, write: (call) => writeGlobal(call, 'Max') },
  { classNames: [`GlobalAveragePooling${rank}D`], refuse: refuseGlobal, write: (call) => writeGlobal(call, 'Average') },
]);

function writePooling({ inputs: [x], config, graph }: LayerCall, operator: string, rank: number): Value {
  const window = windowOf(config, rank);
  const { held, channels, spatial, output } = spaceOf(graph, x as Value, config);
  const { pads: _, ...attributes }: Record<string, Attribute> = {
    ...windowAttributes(spatial, window),
    // onnxruntime merges a preceding Pad into a pooling, where a maximum then ignores the zeros; but not with auto_pad.
    auto_pad: window.padding === 'same' ? 'SAME_UPPER' : 'VALID',
  };
  return graph.node(operator, [held], output(slidLengths(spatial, window), channels), attributes);
}

/** [B, …space, C] → [B, C], in the value's current layout, without a Transpose before it. */
function writeGlobal({ inputs, config, graph }: LayerCall, kind: 'Max' | 'Average'): Value {
  const [x] = inputs as [Value];
  const isPlain = x.layout === 'plain';
  const channels = (isChannelsFirst(config) ? x.shape[1] : x.shape.at(-1)) ?? null;
  const shape = [x.shape[0] ?? null, channels];
  if (isPlain && !isChannelsFirst(config)) {
    const axes = x.shape.slice(2).map((_, i) => i + 1);
    return graph.reduce(kind === 'Max' ? 'ReduceMax' : 'ReduceMean', x, axes, { shape });
  }
  const { held, spatial, output } = spaceOf(graph, x, config);
  const ones = output(
    spatial.map(() => 1),
    channels ?? 0,
  );
  return graph.node('Flatten', [graph.node(`Global${kind}Pool`, [held], ones)], { shape }, { axis: 1 });
}

function windowOf(config: LayerConfig, rank: number): Window {
  const kernel = lengthsOf(config, 'poolSize', rank, 2);
  return {
    kernel,
    strides: (config['strides'] ?? null) === null ? kernel : lengthsOf(config, 'strides', rank),
    dilations: kernel.map(() => 1),
    padding: textOf(config, 'padding', 'valid'),
  };
}

function refuseGlobal({ config }: { config: LayerConfig }): string | undefined {
  return config['keepdims'] === true ? 'it keeps its axes (keepdims), which tfjs does not' : undefined;
}
