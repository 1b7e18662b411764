import { checkCount, checkKnownOptions, checkPositive } from '../../core/options.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

/** The two ends of a mobilenetV1, and its width. */
export interface MobilenetV1Options {
  /** Height, width and channels of one image, at least 32 × 32. Default [96, 96, 3]. */
  readonly inputShape?: readonly number[];
  /** Length of the output 'logits'. Default 2. */
  readonly classes?: number;
  /** Width multiplier α of every layer, above 0. Default 0.25. */
  readonly alpha?: number;
}

/** Channels of the thirteen separable blocks at α = 1, and their strides. */
const WIDTHS = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
const STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];

/**
 * MobileNet v1: 213,586 trainable parameters as it stands.
 * Source    Howard et al. 2017, arXiv:1704.04861; α = 0.25 as in MLPerf Tiny (arXiv:2106.07597)
 */
export function mobilenetV1(options: MobilenetV1Options = {}): Student {
  const { inputShape = [96, 96, 3], classes = 2, alpha = 0.25 } = options;
  checkKnownOptions(options, ['inputShape', 'classes', 'alpha'], 'mobilenetV1');
  checkCount(classes, 'classes', 1);
  checkPositive(alpha, 'alpha');
  checkImageShape(inputShape, 32, 'mobilenetV1');
  return designedStudent('mobilenet-v1', { inputShape, classes, alpha });
}

export const mobilenetV1Design: StudentDesign = {
  design: 'mobilenet-v1',
  build(tf, options, seed) {
    const { inputShape, classes, alpha } = options as unknown as Required<MobilenetV1Options>;
    const { conv, depthwise, norm, relu, head } = blocksOf(tf, 'mobilenet-v1', seed);
    const wide = (width: number) => Math.max(1, Math.round(width * alpha));
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, wide(32), 3, 2)));
    WIDTHS.forEach((width, block) => {
      x = relu(norm(conv(relu(norm(depthwise(x, STRIDES[block]))), wide(width), 1)));
    });
    return tf.model({ inputs: input, outputs: head(x, classes), name: 'mobilenet-v1' });
  },
};
