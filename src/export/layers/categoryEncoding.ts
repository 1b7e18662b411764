import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { numberOf, textOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Ids [B, N] as [B, numTokens]: 1 if a token occurs, or its count. Ids out of range are ignored; tfjs refuses them. */
export const categoryEncoding: LayerExporter = {
  classNames: ['CategoryEncoding'],
  takesIntegers: true,
  refuse({ config }) {
    const mode = textOf(config, 'outputMode', 'multiHot');
    return ['multiHot', 'oneHot', 'count'].includes(mode) ? undefined : `its outputMode is "${mode}"`;
  },
  write({ inputs, config, graph }) {
    const x = plain(graph, inputs[0] as Value);
    const [batch = null, count = null] = x.shape;
    const tokens = numberOf(config, 'numTokens');
    const ids = graph.node('Cast', [x], { shape: x.shape, dtype: 'int64' }, { to: 7 });
    const values = graph.floats('offOn', [2], [0, 1]);
    const shape = [batch, count, tokens];
    const rows = graph.node('OneHot', [ids, graph.ints('tokens', [], [tokens]), values], { shape }, { axis: -1 });
    const isCount = textOf(config, 'outputMode', 'multiHot') === 'count';
    return graph.reduce(isCount ? 'ReduceSum' : 'ReduceMax', rows, [1], { shape: [batch, tokens] });
  },
};
