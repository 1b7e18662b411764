import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** [B, F] → [B, n, F] */
export const repeatVector: LayerExporter = {
  classNames: ['RepeatVector'],
  write({ inputs, config, graph }) {
    const x = plain(graph, inputs[0] as Value);
    const [batch = null, features = null] = x.shape;
    const n = numberOf(config, 'n');
    const row = graph.node('Unsqueeze', [x, graph.ints('time', [1], [1])], { shape: [batch, 1, features] });
    return graph.node('Expand', [row, graph.ints('times', [3], [1, n, 1])], { shape: [batch, n, features] });
  },
};
