import type { Value } from '../../onnx/write/graphValue.ts';
import { transposed } from '../../onnx/write/layout.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Axes in another order; the batch stays first. */
export const permute: LayerExporter = {
  classNames: ['Permute'],
  takesIntegers: true,
  write: ({ inputs, config, graph }) =>
    transposed(graph, inputs[0] as Value, [0, ...(config['dims'] as readonly number[])]),
};
