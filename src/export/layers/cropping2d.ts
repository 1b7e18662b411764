import type { Value } from '../../onnx/write/graphValue.ts';
import { edgesOf } from '../graph/edges.ts';
import { spaceOf } from '../graph/space.ts';
import type { LayerExporter } from '../layerExport.ts';

/** A Slice counts from the end; the largest number stands for no cropping there. */
const TO_THE_END = 2 ** 31 - 1;

/** Removes rows and columns at the edges of [H, W]. */
export const cropping2d: LayerExporter = {
  classNames: ['Cropping2D'],
  write({ inputs, config, graph }) {
    const { held, channels, spatial, output } = spaceOf(graph, inputs[0] as Value, config);
    const edges = edgesOf(config, 'cropping', 0);
    const starts = edges.map(([start]) => start);
    const ends = edges.map(([, end]) => (end === 0 ? TO_THE_END : -end));
    const cropped = spatial.map((length, i) => {
      const [start, end] = edges[i] as [number, number];
      return length === null ? null : length - start - end;
    });
    const constants = Object.entries({ starts, ends, axes: [2, 3] });
    const stored = constants.map(([name, values]) => graph.ints(name, [2], values));
    return graph.node('Slice', [held, ...stored], output(cropped, channels));
  },
};
