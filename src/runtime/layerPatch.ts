import type { layers, Tensor } from './tf.ts';

type Layer = InstanceType<typeof layers.Layer>;
export type LayerCall = Layer['call'];

/**
 * A tfjs layer whose steps are one kernel of ours instead of many of tfjs's. While kernels are installed `call` answers
 * for every layer of the class, in every model; it gives `undefined` for what is left to tfjs's own `call`.
 */
export interface LayerPatch {
  /** As tfjs serializes the class: 'BatchNormalization'. */
  readonly className: string;
  call(layer: Layer, ...args: Parameters<LayerCall>): Tensor | Tensor[] | undefined;
}
