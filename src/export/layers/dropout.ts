import type { LayerExporter } from '../layerExport.ts';

/** Layers that act in training only: the output is the input. */
export const dropout: LayerExporter = {
  classNames: ['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  keepsMask: true,
  takesIntegers: true,
  write: ({ inputs }) => inputs.slice(0, 1),
};
