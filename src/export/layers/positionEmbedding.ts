import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import type { LayerExporter } from '../layerExport.ts';

/** limbeck's learned positions, added: [B, T, F] + [T, F]. */
export const positionEmbedding: LayerExporter = {
  classNames: ['PositionEmbedding'],
  write({ inputs, graph, weight }) {
    const x = plain(graph, inputs[0] as Value);
    const { shape, data } = weight('positions');
    return graph.node('Add', [x, graph.floats('positions', shape, data)], { shape: x.shape });
  },
};
