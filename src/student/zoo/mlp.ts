import { checkCount } from '../../core/options.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';

const OPTIONS = schema('mlp', {
  /** Shape of one example; anything but a vector is flattened. Default [784]. */
  inputShape: given<readonly number[]>(
    (shape) => {
      checkCount(shape.length, 'length of inputShape');
      checkWidths(shape);
    },
    [784],
  ),
  /** Length of the output 'logits'. Default 10. */
  classes: count()(10),
  /** Widths of the hidden layers. Default [256, 128]. */
  hidden: given<readonly number[]>(checkWidths, [256, 128]),
});

/** What an mlp reads, how many classes it tells apart, and its hidden layers. */
export interface MlpOptions extends OptionsOf<typeof OPTIONS> {}

/** A multilayer perceptron with relu: 235,146 parameters by default. */
export function mlp(options: MlpOptions = {}): Student {
  return designedStudent('mlp', OPTIONS.read(options));
}

export function checkWidths(widths: readonly number[]): void {
  for (const width of widths) checkCount(width, 'width');
}

export const mlpDesign: StudentDesign = {
  design: 'mlp',
  build(tf, options, seed) {
    const { inputShape, classes, hidden } = options as unknown as Read<typeof OPTIONS>;
    const init = (layer: number) => tf.initializers.glorotUniform({ seed: derivedSeed(seed, `mlp/${layer}`) });
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    let x = inputShape.length === 1 ? input : (tf.layers.flatten({ name: 'flatten' }).apply(input) as typeof input);
    hidden.forEach((units, i) => {
      const dense = tf.layers.dense({ units, activation: 'relu', kernelInitializer: init(i), name: `dense_${i + 1}` });
      x = dense.apply(x) as typeof input;
    });
    const logits = tf.layers
      .dense({ units: classes, name: 'logits', kernelInitializer: init(hidden.length) })
      .apply(x) as typeof input;
    return tf.model({ inputs: input, outputs: logits, name: 'mlp' });
  },
};
