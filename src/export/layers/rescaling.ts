import type { Value } from '../../onnx/write/graphValue.ts';
import { like } from '../graph/activate.ts';
import { numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** x · scale + offset */
export const rescaling: LayerExporter = {
  classNames: ['Rescaling'],
  write({ inputs, config, graph }) {
    const [x] = inputs as [Value];
    const scaled = graph.node('Mul', [x, graph.floats('scale', [], [numberOf(config, 'scale')])], like(x));
    const offset = numberOf(config, 'offset', 0);
    return offset === 0 ? scaled : graph.node('Add', [scaled, graph.floats('offset', [], [offset])], like(x));
  },
};
