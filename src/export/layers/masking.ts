import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';
import { noteMask } from '../recurrent/staleMask.ts';

/** Steps whose features are all `maskValue` become zero, and the recurrent layers after it skip them. */
export const masking: LayerExporter = {
  classNames: ['Masking'],
  write({ inputs, config, graph }) {
    const [given] = inputs as [Value];
    const x = plain(graph, given);
    const { shape } = x;
    const last = shape.length - 1;
    const value = graph.floats('maskValue', [], [numberOf(config, 'maskValue', 0)]);
    const isMasked = graph.node('Equal', [x, value], { shape, dtype: 'bool' });
    const isGiven = graph.node('Not', [isMasked], { shape, dtype: 'bool' });
    const given01 = graph.node('Cast', [isGiven], { shape }, { to: 1 });
    const counted = graph.reduce('ReduceMax', given01, [last], { shape: [...shape.slice(0, -1), 1] }, 'keep');
    const output = graph.node('Mul', [x, counted], { shape });
    if (shape.length !== 3) return output;
    const flat = graph.node('Squeeze', [counted, graph.ints('feature', [1], [last])], { shape: shape.slice(0, -1) });
    return {
      ...output,
      mask: noteMask(graph, graph.node('Cast', [flat], { shape: flat.shape, dtype: 'bool' }, { to: 9 })),
    };
  },
};
