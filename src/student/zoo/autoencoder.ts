import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { sizeOf } from '../../core/shape.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { checkWidths } from './mlp.ts';

const OPTIONS = schema('autoencoder', {
  /** Shape of one example; anything but a vector is flattened, and given back in its shape. Default [784]. */
  inputShape: given<readonly number[]>(checkShape, [784]),
  /** Numbers that stand for an example. Default 16. */
  code: count()(16),
  /** Widths of the hidden layers before the code; after it they come in the opposite order. Default [128]. */
  hidden: given<readonly number[]>(checkWidths, [128]),
});

/** What an autoencoder reads, and how narrow it becomes. */
export interface AutoencoderOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Squeezes an example through a few numbers and makes it again: 205,856 parameters by default. Its outputs are
 * 'reconstruction', of the shape of an example, and 'code' [B, F]; `regression({ output: 'reconstruction' })` and
 * `embeddingMatch({ output: 'code' })` teach them. `towerOf(student, 'code')` cuts out the encoder.
 * Source    Hinton, Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks, Science 313(5786)
 */
export function autoencoder(options: AutoencoderOptions = {}): Student {
  return designedStudent('autoencoder', OPTIONS.read(options));
}

export const autoencoderDesign: StudentDesign = {
  design: 'autoencoder',
  build(tf, options, seed) {
    const { inputShape, code, hidden } = options as unknown as Read<typeof OPTIONS>;
    let count = 0;
    const dense = (x: SymbolicTensor, units: number, name: string, activation?: 'relu') => {
      const kernelInitializer = tf.initializers.glorotUniform({ seed: derivedSeed(seed, `autoencoder/${count++}`) });
      const layer = tf.layers.dense({ units, kernelInitializer, name, ...(activation && { activation }) });
      return layer.apply(x) as SymbolicTensor;
    };
    const input = tf.input({ shape: [...inputShape], name: 'input' });
    const isVector = inputShape.length === 1;
    const flat = isVector ? input : (tf.layers.flatten({ name: 'flatten' }).apply(input) as SymbolicTensor);
    const encoded = hidden.reduce((x, units, i) => dense(x, units, `encoder_${i + 1}`, 'relu'), flat);
    const narrow = dense(encoded, code, 'code');
    const decoded = hidden.reduceRight(
      (x, units, i) => dense(x, units, `decoder_${hidden.length - i}`, 'relu'),
      narrow,
    );
    const whole = dense(decoded, sizeOf(inputShape), isVector ? 'reconstruction' : 'decoded');
    const shaped = isVector
      ? whole
      : (tf.layers.reshape({ targetShape: [...inputShape], name: 'reconstruction' }).apply(whole) as SymbolicTensor);
    return tf.model({ inputs: input, outputs: [shaped, narrow], name: 'autoencoder' });
  },
};

function checkShape(shape: readonly number[]): void {
  if (!Array.isArray(shape) || shape.length === 0) {
    throw new LimbeckError('invalid-option', `"inputShape" was ${JSON.stringify(shape)}; it must be such as [784].`);
  }
  checkWidths(shape);
}
