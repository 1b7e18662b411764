import type { Tensor } from './tf.ts';
import type { Layer } from './tfNamespace.ts';

export type LayerCall = Layer['call'];

/**
 * Replaces the many kernels of a tfjs layer or activation by one of ours. While kernels are installed, `call` runs for
 * every object of the class, in every model; it gives `undefined` for what is left to tfjs.
 */
export interface LayerPatch {
  /** As tfjs serializes the class: 'BatchNormalization', or 'gelu' for an activation. */
  readonly className: string;
  /** The method of tfjs's class that `call` replaces. An activation's is 'apply'. */
  readonly method?: 'call' | 'apply';
  call(layer: Layer, ...args: Parameters<LayerCall>): Tensor | Tensor[] | undefined;
}
