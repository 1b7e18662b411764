import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { channelsMoved, plain } from '../../onnx/write/layout.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { activate, refuseActivation } from '../graph/activate.ts';
import { flagOf, numberOf } from '../graph/layerConfig.ts';
import { checkFits } from '../graph/weights.ts';
import type { LayerExporter } from '../layerExport.ts';

/** x · kernel + bias over the last axis: a Gemm for rank 2, a MatMul for higher ranks. */
export const dense: LayerExporter = {
  classNames: ['Dense'],
  keepsMask: true,
  refuse: ({ config }) => refuseActivation(config['activation']),
  write({ inputs, config, graph, weight }) {
    const [x] = inputs as [Value];
    const kernel = weight('kernel');
    checkFits(kernel, 0, x.shape.at(-1) ?? null);
    const bias = flagOf(config, 'useBias', true) ? weight('bias') : undefined;
    const units = numberOf(config, 'units', kernel.shape[1]);
    const product =
      x.shape.length === 2 ? rows(graph, x, kernel, bias, units) : features(graph, x, kernel, bias, units);
    return activate(graph, product, config['activation']);
  },
};

function rows(graph: GraphBuilder, x: Value, kernel: Weight, bias: Weight | undefined, units: number): Value {
  const [inputs = 0] = kernel.shape;
  const data = x.layout === 'flattened' ? channelsMoved(x.flattenedFrom ?? [inputs], kernel.data, units) : kernel.data;
  const constants = [graph.floats('kernel', kernel.shape, data)];
  if (bias !== undefined) constants.push(graph.floats('bias', bias.shape, bias.data));
  return graph.node('Gemm', [x, ...constants], { shape: [x.shape[0] ?? null, units] });
}

function features(graph: GraphBuilder, x: Value, kernel: Weight, bias: Weight | undefined, units: number): Value {
  const shape = [...x.shape.slice(0, -1), units];
  const product = graph.node('MatMul', [plain(graph, x), graph.floats('kernel', kernel.shape, kernel.data)], { shape });
  if (bias === undefined) return product;
  return graph.node('Add', [product, graph.floats('bias', bias.shape, bias.data)], { shape });
}
