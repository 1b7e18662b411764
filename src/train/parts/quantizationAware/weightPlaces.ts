import type * as tf from '../../../runtime/tf.ts';

export type Layer = tf.LayersModel['layers'][number];

/** A weight that is rounded, seen as [..., channels, inner]. */
export interface WeightPlace {
  readonly weight: LayerWeight;
  readonly channels: number;
  readonly inner: number;
  /** The normalization that scales this weight's channels, which an export folds into it. */
  readonly norm: NormLayer | undefined;
}

export interface LayerWeight {
  read(): tf.Tensor;
}

/** Fields of tfjs-layers' BatchNormalization. */
export interface NormLayer {
  readonly epsilon: number;
  readonly gamma?: LayerWeight;
  readonly movingVariance: LayerWeight;
}

interface KernelOf {
  readonly property: string;
  /** The axes of the output channels. */
  readonly channelAxes: 'last' | 'last two' | 'last but one';
}

const LAST: readonly KernelOf[] = [{ property: 'kernel', channelAxes: 'last' }];
/** [height, width, in, multiplier] */
const DEPTHWISE: KernelOf = { property: 'depthwiseKernel', channelAxes: 'last two' };

/** Kernels of each layer; the last one makes the output channels. */
const KERNELS: Readonly<Record<string, readonly KernelOf[]>> = {
  Dense: LAST,
  Conv1D: LAST,
  Conv2D: LAST,
  Conv3D: LAST,
  // [height, width, out, in]
  Conv2DTranspose: [{ property: 'kernel', channelAxes: 'last but one' }],
  DepthwiseConv2D: [DEPTHWISE],
  SeparableConv2D: [DEPTHWISE, { property: 'pointwiseKernel', channelAxes: 'last' }],
  // Each row has its own scale.
  Embedding: [{ property: 'embeddings', channelAxes: 'last but one' }],
  TokenBag: [{ property: 'embeddings', channelAxes: 'last but one' }],
};

/** The weights of a layer that are rounded; `norm` is the normalization that follows it. */
export function weightsOf(layer: Layer, norm: Layer | undefined): WeightPlace[] {
  const name = layer.getClassName();
  if (name === 'MultiHeadAttention') return projectionsOf(layer);
  const kernels = KERNELS[name] ?? [];
  return kernels.map(({ property, channelAxes }, i) => {
    const weight = (layer as unknown as Record<string, LayerWeight>)[property] as LayerWeight;
    const [before = 1, last = 1] = weight.read().shape.slice(-2);
    const channels = { last, 'last two': before * last, 'last but one': before }[channelAxes];
    const inner = channelAxes === 'last but one' ? last : 1;
    return { weight, channels, inner, norm: i === kernels.length - 1 ? (norm as NormLayer | undefined) : undefined };
  });
}

/** The four matrices of an attention layer; the computation between them is not rounded. */
function projectionsOf(layer: Layer): WeightPlace[] {
  const { projections } = layer as unknown as { projections: readonly { readonly kernel: LayerWeight }[] };
  return projections.map(({ kernel }) => ({
    weight: kernel,
    channels: kernel.read().shape.at(-1) ?? 1,
    inner: 1,
    norm: undefined,
  }));
}
