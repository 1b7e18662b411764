import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, oneOf, type Read, schema } from '../../core/schema.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { blocksOf, checkImageShape } from './blocks.ts';

const OPTIONS = schema('crnn', {
  /** Height, width and channels of one line, at least 16 × 16. Default [48, 320, 1]: what PaddleOCR's recognition reads, in grey. */
  inputShape: given<readonly number[]>((shape) => checkImageShape(shape, 16, 'crnn'), [48, 320, 1]),
  /** The blank and the characters. Default 96: printable ASCII and the blank. */
  classes: count()(96),
  /** Channels of the first convolution; the others have two, four and six times as many. Default 16. */
  filters: count()(16),
  /** Pixels of the line for each step; a text needs a step for each character, and one between two equal ones. Default 8. */
  stepWidth: oneOf(4, 8)(8),
  /** What reads along the line, both ways: 'lstm', 'gru', or 'conv', two convolutions over five steps. Default 'lstm'. */
  head: oneOf('lstm', 'gru', 'conv')('lstm'),
  /** Width of the head, in each direction. Default 64. */
  units: count()(64),
});

/** What a crnn reads, how many classes it tells apart, and how large it is. */
export interface CrnnOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Convolutional-recurrent reader of text lines for `ctc`: a row of logits [T, classes] for each step along the line, where T is
 * the width divided by `stepWidth`, rounded up; 201,456 trainable parameters by default.
 * Source    Shi, Bai, Yao 2017, arXiv:1507.05717; with strides in place of pooling, and one recurrent layer
 */
export function crnn(options: CrnnOptions = {}): Student {
  return designedStudent('crnn', OPTIONS.read(options));
}

export const crnnDesign: StudentDesign = {
  design: 'crnn',
  build(tf, options, seed) {
    const { inputShape, classes, filters, stepWidth, head, units } = options as unknown as Read<typeof OPTIONS>;
    const { conv, norm, relu } = blocksOf(tf, 'crnn', seed);
    let count = 0;
    const init = () => tf.initializers.glorotUniform({ seed: derivedSeed(seed, `crnn/head/${count++}`) });
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = relu(norm(conv(input, filters, 3, 2)));
    x = relu(norm(conv(x, 2 * filters, 3, 2)));
    x = relu(norm(conv(x, 4 * filters, 3, stepWidth === 8 ? 2 : [2, 1])));
    x = relu(norm(conv(x, 6 * filters, 3, [2, 1])));
    // What stands above a step becomes the features of that step.
    const [, height = 1, steps = 1, channels = 1] = x.shape as number[];
    x = after(tf.layers.permute({ dims: [2, 1, 3], name: 'columns' }), x);
    x = after(tf.layers.reshape({ targetShape: [steps, height * channels], name: 'steps' }), x);
    x = after(tf.layers.dense({ units: 6 * filters, kernelInitializer: init(), name: 'features' }), x);
    x = relu(x);
    x = alongLine(tf, x, head, units, init);
    const logits = after(tf.layers.dense({ units: classes, kernelInitializer: init(), name: 'logits' }), x);
    return tf.model({ inputs: input, outputs: logits, name: 'crnn' });
  },
};

type Initializer = ReturnType<Tf['initializers']['glorotUniform']>;

const after = (layer: { apply(x: SymbolicTensor): unknown }, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;

/** [T, F] → [T, 2 units]: each step sees those before and behind it. */
function alongLine(
  tf: Tf,
  x: SymbolicTensor,
  head: 'lstm' | 'gru' | 'conv',
  units: number,
  init: () => Initializer,
): SymbolicTensor {
  if (head === 'conv') {
    const conv = (name: string) =>
      tf.layers.conv1d({
        filters: 2 * units,
        kernelSize: 5,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: init(),
        name,
      });
    return after(conv('along_2'), after(conv('along_1'), x));
  }
  const own = { units, returnSequences: true, recurrentActivation: 'sigmoid' as const, name: head };
  const layer = head === 'lstm' ? tf.layers.lstm(own) : tf.layers.gru(own);
  const both = tf.layers.bidirectional({ layer: layer as never, mergeMode: 'concat', name: 'along' });
  // tfjs makes both directions of one configuration, so that a seed in it would start them alike.
  for (const way of WAYS) {
    const { cell } = (both as unknown as BothWays)[way];
    cell.kernelInitializer = init();
    cell.recurrentInitializer = init();
  }
  return after(both, x);
}

const WAYS = ['forwardLayer', 'backwardLayer'] as const;

/** Fields of tfjs's Bidirectional that its types do not show. */
type BothWays = Record<
  (typeof WAYS)[number],
  { cell: Record<'kernelInitializer' | 'recurrentInitializer', Initializer> }
>;
