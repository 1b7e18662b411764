import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import { softArgmax } from '../layers/softArgmax.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

const OPTIONS = schema('keypoints', {
  /** Height, width and channels of one image, at least 16 × 16. Default [64, 64, 1]. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 16, 'keypoints'), [64, 64, 1]),
  /** How many points it finds; two are the corners of a box. Default 21: a hand. */
  points: count()(21),
  /** Channels of the first layer; the last ones have four times as many. Default 16. */
  filters: count()(16),
});

/** What a student of keypoints reads, how many points it finds, and how wide it is. */
export interface KeypointsOptions extends OptionsOf<typeof OPTIONS> {}

/** Of the separable blocks: channels, as multiples of `filters`, and strides. Maps are an eighth of the image's sides. */
const BLOCKS = [
  [2, 2],
  [2, 1],
  [4, 2],
  [4, 1],
  [4, 1],
  [4, 1],
] as const;

/**
 * Finds points in images: depthwise-separable convolutions down to an eighth of the image's sides, a map for each point, and
 * the place that it points at. 21,024 trainable parameters by default. Its outputs are 'points' [B, P, 2], x and y from 0 to 1, and
 * 'maps' [B, H, W, P], logits of the cells: the flatter a map, the less sure its point. `pointDistance()` teaches it, and of two
 * points `boxOverlap({ output: 'points' })`.
 * Source    blocks: Howard et al. 2017, MobileNets, arXiv:1704.04861; head: Sun et al. 2018, Integral Human Pose Regression,
 *           arXiv:1711.08229
 */
export function keypoints(options: KeypointsOptions = {}): Student {
  return designedStudent('keypoints', OPTIONS.read(options));
}

export const keypointsDesign: StudentDesign = {
  design: 'keypoints',
  build(tf, options, seed) {
    const { inputShape, points, filters } = options as unknown as Read<typeof OPTIONS>;
    const { conv, depthwise, norm, relu } = blocksOf(tf, 'keypoints', seed);
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, filters, 3, 2)));
    for (const [width, strides] of BLOCKS) {
      x = relu(norm(conv(relu(norm(depthwise(x, strides))), width * filters, 1)));
    }
    const toMaps = tf.layers.conv2d({
      filters: points,
      kernelSize: 1,
      // A softmax does not see what is added to all cells of a map.
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: derivedSeed(seed, 'keypoints/maps') }),
      name: 'maps',
    });
    const maps = toMaps.apply(x) as SymbolicTensor;
    const found = softArgmax(tf, { name: 'points' }).apply(maps) as SymbolicTensor;
    return tf.model({ inputs: input, outputs: [found, maps], name: 'keypoints' });
  },
};
