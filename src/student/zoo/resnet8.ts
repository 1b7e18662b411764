import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

const OPTIONS = schema('resnet8', {
  /** Height, width and channels of one image, at least 4 × 4. Default [32, 32, 3]. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 4, 'resnet8'), [32, 32, 3]),
  /** Length of the output 'logits'. Default 10. */
  classes: count()(10),
});

/** What a resnet8 reads, and how many classes it tells apart. */
export interface Resnet8Options extends OptionsOf<typeof OPTIONS> {}

/**
 * Three residual blocks of 16, 32 and 64 channels: 77,850 trainable parameters by default.
 * Source    He et al. 2015, arXiv:1512.03385, as in MLPerf Tiny (arXiv:2106.07597)
 */
export function resnet8(options: Resnet8Options = {}): Student {
  return designedStudent('resnet8', OPTIONS.read(options));
}

/** Channels and stride of each block. */
const BLOCKS = [
  [16, 1],
  [32, 2],
  [64, 2],
] as const;

export const resnet8Design: StudentDesign = {
  design: 'resnet8',
  build(tf, options, seed) {
    const { inputShape, classes } = options as unknown as Read<typeof OPTIONS>;
    const { conv, norm, relu, head } = blocksOf(tf, 'resnet8', seed);
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, 16, 3)));
    for (const [block, [filters, strides]] of BLOCKS.entries()) {
      const y = norm(conv(relu(norm(conv(x, filters, 3, strides))), filters, 3));
      const shortcut = strides > 1 ? conv(x, filters, 1, strides) : x;
      x = relu(tf.layers.add({ name: `add_${block + 1}` }).apply([y, shortcut]) as typeof x);
    }
    return tf.model({ inputs: input, outputs: head(x, classes), name: 'resnet8' });
  },
};
