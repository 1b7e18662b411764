import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed } from '../../core/random.ts';
import { formatShape } from '../../core/shape.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';

/** The blocks of convolutional students; each call adds one layer, with its own seed. */
export interface Blocks {
  /** Convolution without bias, 'same' padding. */
  conv(
    x: SymbolicTensor,
    filters: number,
    size: number | [number, number],
    strides?: number | [number, number],
  ): SymbolicTensor;
  /** 3 × 3, one filter for each channel, without bias, 'same' padding. It starts like heNormal, with a fan of 9. */
  depthwise(x: SymbolicTensor, strides?: number): SymbolicTensor;
  norm(x: SymbolicTensor): SymbolicTensor;
  relu(x: SymbolicTensor): SymbolicTensor;
  /** Global average pooling and one dense layer: the output 'logits'. */
  head(x: SymbolicTensor, classes: number): SymbolicTensor;
}

/**
 * How much of its moving average a batch normalization keeps at each step: PyTorch's value (0.1 of the new there). With
 * tfjs's and Keras's 0.99 the average takes hundreds of steps to forget where it started.
 */
const MOMENTUM = 0.9;

/**
 * `design` names the seeds: the same seed and design give the same weights. Layers are counted by kind: conv_1, depthwise_1,
 * norm_1, relu_1, then conv_2 … and before the logits "pooled".
 */
export function blocksOf(tf: Tf, design: string, seed: number): Blocks {
  let count = 0;
  const nextSeed = () => derivedSeed(seed, `${design}/${count++}`);
  const init = () => tf.initializers.heNormal({ seed: nextSeed() });
  // tfjs and Keras count all channels in the fan of a depthwise kernel [3, 3, C, 1], though each output reads only one.
  const depthwiseInit = () => tf.initializers.truncatedNormal({ stddev: Math.sqrt(2 / 9), seed: nextSeed() });
  const counts: Record<string, number> = {};
  const name = (kind: string) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    return `${kind}_${counts[kind]}`;
  };
  const after = (layer: { apply(x: SymbolicTensor): unknown }, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;
  return {
    conv: (x, filters, kernelSize, strides = 1) =>
      after(
        tf.layers.conv2d({
          filters,
          kernelSize,
          strides,
          padding: 'same',
          useBias: false,
          kernelInitializer: init(),
          name: name('conv'),
        }),
        x,
      ),
    depthwise: (x, strides = 1) =>
      after(
        tf.layers.depthwiseConv2d({
          kernelSize: 3,
          strides,
          padding: 'same',
          useBias: false,
          depthwiseInitializer: depthwiseInit(),
          name: name('depthwise'),
        }),
        x,
      ),
    norm: (x) => after(tf.layers.batchNormalization({ momentum: MOMENTUM, name: name('norm') }), x),
    relu: (x) => after(tf.layers.activation({ activation: 'relu', name: name('relu') }), x),
    head: (x, units) =>
      after(
        tf.layers.dense({ units, name: 'logits', kernelInitializer: init() }),
        after(tf.layers.globalAveragePooling2d({ name: 'pooled' } as never), x),
      ),
  };
}

/** Throws    invalid-option: not [height, width, channels], or smaller than `least` */
export function checkImageShape(inputShape: readonly number[], least: number, design: string): void {
  const [height = 0, width = 0] = inputShape;
  const isShape = inputShape.length === 3 && inputShape.every((length) => Number.isInteger(length) && length > 0);
  if (isShape && height >= least && width >= least) return;
  throw new LimbeckError(
    'invalid-option',
    `${design} needs images [height, width, channels] of at least ${least} × ${least}; given ${formatShape(inputShape)}.` +
      `${isShape && height >= 4 && width >= 4 ? ' resnet8 and dsCnn take them from 4 × 4, and mlp takes any.' : ''}`,
  );
}
