import type { Value } from '../../onnx/write/graphValue.ts';
import { flattened, transposed } from '../../onnx/write/layout.ts';
import { isChannelsFirst } from '../graph/space.ts';
import type { LayerExporter } from '../layerExport.ts';

/** [B, …] → [B, F]. With dataFormat 'channelsFirst' the second axis runs fastest, as it does in tfjs. */
export const flatten: LayerExporter = {
  classNames: ['Flatten'],
  takesIntegers: true,
  write({ inputs, config, graph }) {
    const [x] = inputs as [Value];
    if (!isChannelsFirst(config)) return flattened(graph, x);
    const order = x.shape.map((_, axis) => axis);
    return flattened(graph, transposed(graph, x, [0, ...order.slice(2), 1]));
  },
};
