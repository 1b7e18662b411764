import type { Value } from '../../onnx/write/graphValue.ts';
import { edgesOf } from '../graph/edges.ts';
import { spaceOf } from '../graph/space.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Rows and columns of zeros around [H, W]. */
export const zeroPadding2d: LayerExporter = {
  classNames: ['ZeroPadding2D'],
  write({ inputs, config, graph }) {
    const { held, channels, spatial, output } = spaceOf(graph, inputs[0] as Value, config);
    const edges = edgesOf(config, 'padding', 1);
    const pads = [0, 0, ...edges.map(([start]) => start), 0, 0, ...edges.map(([, end]) => end)];
    const padded = spatial.map((length, i) => {
      const [start, end] = edges[i] as [number, number];
      return length === null ? null : length + start + end;
    });
    return graph.node('Pad', [held, graph.ints('pads', [8], pads)], output(padded, channels));
  },
};
