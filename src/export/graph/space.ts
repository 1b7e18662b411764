import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Layout, Lengths, Value } from '../../onnx/write/graphValue.ts';
import { channelsFirst, plain } from '../../onnx/write/layout.ts';
import { type LayerConfig, textOf } from './layerConfig.ts';

/** A value as convolutions and poolings read it: stored [B, C, …space], whatever the layer's dataFormat. */
export interface Space {
  readonly held: Value;
  readonly channels: number;
  readonly spatial: Lengths;
  /** What is known of an output with other lengths and channels, in the layer's dataFormat. */
  output(spatial: Lengths, channels: number): { readonly shape: Lengths; readonly layout: Layout };
}

export function isChannelsFirst(config: LayerConfig): boolean {
  return textOf(config, 'dataFormat', 'channelsLast') === 'channelsFirst';
}

/** A layer with dataFormat 'channelsFirst' orders its axes like ONNX: its plain values already have the layout that Conv needs. */
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
