import type { Value } from '../graphValue.ts';
import type { LayerExporter } from '../layerExport.ts';
import { transposed } from '../layout.ts';

/** Axes in another order; the batch stays first. */
export const permute: LayerExporter = {
  classNames: ['Permute'],
  takesIntegers: true,
  write: ({ inputs, config, graph }) =>
    transposed(graph, inputs[0] as Value, [0, ...(config['dims'] as readonly number[])]),
};
