import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

/** The two ends of a ds-cnn, and its size. */
export interface DsCnnOptions {
  /** Time steps, features and channels of one example, at least 4 × 4, such as [49, 10, 1] for a second of speech. Default that. */
  readonly inputShape?: readonly number[];
  /** Length of the output 'logits'. Default 12. */
  readonly classes?: number;
  /** Channels of every layer. Default 64. */
  readonly filters?: number;
}

/**
 * Depthwise-separable CNN for keyword spotting: 23,180 trainable parameters as it stands.
 * Source    Zhang et al. 2017, arXiv:1711.07128, as in MLPerf Tiny (arXiv:2106.07597)
 */
export function dsCnn(options: DsCnnOptions = {}): Student {
  const { inputShape = [49, 10, 1], classes = 12, filters = 64 } = options;
  checkKnownOptions(options, ['inputShape', 'classes', 'filters'], 'dsCnn');
  checkCount(classes, 'classes', 1);
  checkCount(filters, 'filters', 1);
  checkImageShape(inputShape, 4, 'dsCnn');
  return designedStudent('ds-cnn', { inputShape, classes, filters });
}

export const dsCnnDesign: StudentDesign = {
  design: 'ds-cnn',
  build(tf, options, seed) {
    const { inputShape, classes, filters } = options as unknown as Required<DsCnnOptions>;
    const { conv, depthwise, norm, relu, head } = blocksOf(tf, 'ds-cnn', seed);
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, filters, [10, 4], 2)));
    for (let block = 0; block < 4; block++) x = relu(norm(conv(relu(norm(depthwise(x))), filters, 1)));
    return tf.model({ inputs: input, outputs: head(x, classes), name: 'ds-cnn' });
  },
};
