import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { derivedSeed } from '../../core/random.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';

/** The two ends of an mlp, and what lies between. */
export interface MlpOptions {
  /** Shape of one example; anything but a vector is flattened. Default [784]. */
  readonly inputShape?: readonly number[];
  /** Length of the output 'logits'. Default 10. */
  readonly classes?: number;
  /** Widths of the hidden layers. Default [256, 128]. */
  readonly hidden?: readonly number[];
}

/** A multilayer perceptron with relu: 235,146 parameters as it stands. */
export function mlp(options: MlpOptions = {}): Student {
  const { inputShape = [784], classes = 10, hidden = [256, 128] } = options;
  checkKnownOptions(options, ['inputShape', 'classes', 'hidden'], 'mlp');
  checkCount(classes, 'classes', 1);
  checkCount(inputShape.length, 'length of inputShape');
  for (const width of [...hidden, ...inputShape]) checkCount(width, 'width');
  return designedStudent('mlp', { inputShape, classes, hidden });
}

export const mlpDesign: StudentDesign = {
  design: 'mlp',
  build(tf, options, seed) {
    const { inputShape, classes, hidden } = options as unknown as Required<MlpOptions>;
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
