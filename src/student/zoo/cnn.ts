import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { derivedSeed } from '../../core/random.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { checkImageShape } from './blocks.ts';

/** The two ends of a cnn. */
export interface CnnOptions {
  /** Height, width and channels of one image, at least 10 × 10. Default [28, 28, 1]. */
  readonly inputShape?: readonly number[];
  /** Length of the output 'logits'. Default 10. */
  readonly classes?: number;
}

/**
 * Two convolutions and two dense layers for small images: 56,714 parameters as it stands. Its layers: conv_1 pool_1 conv_2
 * pool_2 flatten dense logits.
 */
export function cnn(options: CnnOptions = {}): Student {
  const { inputShape = [28, 28, 1], classes = 10 } = options;
  checkKnownOptions(options, ['inputShape', 'classes'], 'cnn');
  checkCount(classes, 'classes', 1);
  checkImageShape(inputShape, 10, 'cnn');
  return designedStudent('cnn', { inputShape, classes });
}

export const cnnDesign: StudentDesign = {
  design: 'cnn',
  build(tf, options, seed) {
    const { inputShape, classes } = options as unknown as Required<CnnOptions>;
    const init = (layer: number) => tf.initializers.glorotUniform({ seed: derivedSeed(seed, `cnn/${layer}`) });
    const conv = (filters: number, layer: number) =>
      tf.layers.conv2d({
        filters,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: init(layer),
        name: `conv_${layer + 1}`,
      });
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    const layers = [
      conv(16, 0),
      tf.layers.maxPooling2d({ poolSize: 2, name: 'pool_1' }),
      conv(32, 1),
      tf.layers.maxPooling2d({ poolSize: 2, name: 'pool_2' }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ units: 64, activation: 'relu', kernelInitializer: init(2), name: 'dense' }),
      tf.layers.dense({ units: classes, name: 'logits', kernelInitializer: init(3) }),
    ];
    const logits = layers.reduce((x, layer) => layer.apply(x) as typeof input, input);
    return tf.model({ inputs: input, outputs: logits, name: 'cnn' });
  },
};
