import { isGemmActivation } from './kernels/matmul/gemm.ts';
import type { NamedTensorMap, Tensor } from './tf.ts';
import type { LayerVariable } from './tfNamespace.ts';

/** Fields of tfjs-layers' dense and convolutional layers; the weights exist once they are built. */
export interface EpilogueLayer {
  readonly kernel: LayerVariable;
  readonly bias?: LayerVariable | null;
  readonly activation?: { apply(x: Tensor): Tensor; getClassName(): string } | null;
  readonly _callHook?: unknown;
}

/** Whether the kernels take this input; layers with a call hook are left to tfjs, which runs the hook. */
export function canFuse(layer: object, x: Tensor): boolean {
  return x.dtype === 'float32' && x.size > 0 && (layer as EpilogueLayer)._callHook == null;
}

/** Bias and activation of a layer for a fused kernel, and `finish` for an activation that the kernel lacks. */
export function epilogueOf(layer: object) {
  const { bias, activation } = layer as EpilogueLayer;
  const name = activation?.getClassName() ?? 'linear';
  const isFused = isGemmActivation(name);
  return {
    bias: (bias == null ? {} : { bias: bias.read() }) as NamedTensorMap,
    activation: isFused ? name : 'linear',
    finish: (x: Tensor): Tensor => (isFused ? x : (activation as NonNullable<typeof activation>).apply(x)),
  };
}
