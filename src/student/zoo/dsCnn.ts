import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

const OPTIONS = schema('dsCnn', {
  /** Time steps, features and channels of one example, at least 4 × 4. Default [49, 10, 1]: a second of speech. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 4, 'dsCnn'), [49, 10, 1]),
  /** Length of the output 'logits'. Default 12. */
  classes: count()(12),
  /** Channels of every layer. Default 64. */
  filters: count()(64),
});

/** What a dsCnn reads, how many classes it tells apart, and how wide it is. */
export interface DsCnnOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Depthwise-separable CNN for keyword spotting: 23,180 trainable parameters by default.
 * Source    Zhang et al. 2017, arXiv:1711.07128, as in MLPerf Tiny (arXiv:2106.07597)
 */
export function dsCnn(options: DsCnnOptions = {}): Student {
  return designedStudent('ds-cnn', OPTIONS.read(options));
}

export const dsCnnDesign: StudentDesign = {
  design: 'ds-cnn',
  build(tf, options, seed) {
    const { inputShape, classes, filters } = options as unknown as Read<typeof OPTIONS>;
    const { conv, depthwise, norm, relu, head } = blocksOf(tf, 'ds-cnn', seed);
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, filters, [10, 4], 2)));
    for (let block = 0; block < 4; block++) x = relu(norm(conv(relu(norm(depthwise(x))), filters, 1)));
    return tf.model({ inputs: input, outputs: head(x, classes), name: 'ds-cnn' });
  },
};
