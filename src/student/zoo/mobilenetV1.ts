import { count, given, type OptionsOf, positive, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

const OPTIONS = schema('mobilenetV1', {
  /** Height, width and channels of one image, at least 32 × 32. Default [96, 96, 3]. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 32, 'mobilenetV1'), [96, 96, 3]),
  /** Length of the output 'logits'. Default 2. */
  classes: count()(2),
  /** Width multiplier α of every layer, above 0. Default 0.25. */
  alpha: positive(0.25),
});

/** What a mobilenetV1 reads, how many classes it tells apart, and how wide it is. */
export interface MobilenetV1Options extends OptionsOf<typeof OPTIONS> {}

/** Channels of the thirteen separable blocks at α = 1, and their strides. */
const WIDTHS = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
const STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];

/**
 * MobileNet v1: 213,586 trainable parameters by default.
 * Source    Howard et al. 2017, arXiv:1704.04861; α = 0.25 as in MLPerf Tiny (arXiv:2106.07597)
 */
export function mobilenetV1(options: MobilenetV1Options = {}): Student {
  return designedStudent('mobilenet-v1', OPTIONS.read(options));
}

export const mobilenetV1Design: StudentDesign = {
  design: 'mobilenet-v1',
  build(tf, options, seed) {
    const { inputShape, classes, alpha } = options as unknown as Read<typeof OPTIONS>;
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
