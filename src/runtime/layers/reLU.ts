import type { LayerPatch } from '../layerPatch.ts';
import { activation } from './activation.ts';

/** As the layer Activation. */
export const reLU: LayerPatch = { ...activation, className: 'ReLU' };
