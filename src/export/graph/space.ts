import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Layout, Lengths, Value } from '../../onnx/write/graphValue.ts';
import { channelsFirst, plain } from '../../onnx/write/layout.ts';
import { type LayerConfig, textOf } from './layerConfig.ts';

/** A value as convolutions and poolings read it: held [B, C, …space], whichever the layer's dataFormat. */
export interface Space {
  readonly held: Value;
  readonly channels: number;
  readonly spatial: Lengths;
  /** What is known of an output over other lengths and channels, in the layer's dataFormat. */
  output(spatial: Lengths, channels: number): { readonly shape: Lengths; readonly layout: Layout };
}

export function isChannelsFirst(config: LayerConfig): boolean {
  return textOf(config, 'dataFormat', 'channelsLast') === 'channelsFirst';
}

/** A layer of dataFormat 'channelsFirst' names its axes as ONNX does: its plain values are held as Conv needs them. */
export function spaceOf(graph: GraphBuilder, x: Value, config: LayerConfig): Space {
  const batch = x.shape[0] ?? null;
  if (isChannelsFirst(config)) {
    return {
      held: plain(graph, x),
      channels: x.shape[1] ?? 0,
      spatial: x.shape.slice(2),
      output: (spatial, channels) => ({ shape: [batch, channels, ...spatial], layout: 'plain' }),
    };
  }
  return {
    held: channelsFirst(graph, x),
    channels: x.shape.at(-1) ?? 0,
    spatial: x.shape.slice(1, -1),
    output: (spatial, channels) => ({ shape: [batch, ...spatial, channels], layout: 'channels-first' }),
  };
}
