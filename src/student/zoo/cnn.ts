import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { checkImageShape } from './blocks.ts';

const OPTIONS = schema('cnn', {
  /** Height, width and channels of one image, at least 10 × 10. Default [28, 28, 1]. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 10, 'cnn'), [28, 28, 1]),
  /** Length of the output 'logits'. Default 10. */
  classes: count()(10),
});

/** What a cnn reads, and how many classes it tells apart. */
export interface CnnOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Two convolutions and two dense layers for small images: 56,714 parameters by default. Its layers: conv_1 pool_1
 * conv_2 pool_2 flatten dense logits.
 */
export function cnn(options: CnnOptions = {}): Student {
  return designedStudent('cnn', OPTIONS.read(options));
}

export const cnnDesign: StudentDesign = {
  design: 'cnn',
  build(tf, options, seed) {
    const { inputShape, classes } = options as unknown as Read<typeof OPTIONS>;
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
