import { sizeOf } from '../../core/shape.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import type { LayerExporter } from '../layerExport.ts';

/** [B, …] → [B, …targetShape]; one length may be −1 or null, whether the input's lengths are known or free. */
export const reshape: LayerExporter = {
  classNames: ['Reshape'],
  takesIntegers: true,
  write({ inputs, config, graph }) {
    const x = plain(graph, inputs[0] as Value);
    const target = (config['targetShape'] as Lengths).map((length) => (length === null || length < 0 ? -1 : length));
    const known = sizeOf(target.filter((length) => length !== -1));
    const from = x.shape.slice(1);
    const rest = from.some((length) => length === null) ? null : sizeOf(from as number[]) / known;
    const shape = [x.shape[0] ?? null, ...target.map((length) => (length === -1 ? rest : length))];
    const lengths = shape.map((length, axis) => (axis === 0 ? 0 : (length ?? -1)));
    return graph.node('Reshape', [x, graph.ints('shape', [lengths.length], lengths)], { shape, dtype: x.dtype });
  },
};
