import type { Value } from '../graph/graphValue.ts';
import { transposed } from '../graph/layout.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Axes in another order; the batch stays first. */
export const permute: LayerExporter = {
  classNames: ['Permute'],
  takesIntegers: true,
  write: ({ inputs, config, graph }) =>
    transposed(graph, inputs[0] as Value, [0, ...(config['dims'] as readonly number[])]),
};
