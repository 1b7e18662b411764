import { derivedSeed } from '../../core/random.ts';
import { count, type OptionsOf, oneOf, type Read, schema } from '../../core/schema.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';

const OPTIONS = schema('recurrentDecoder', {
  /** Tokens of one example. `generate` goes on for as long as it is asked to. Default 128. */
  length: count()(128),
  /** Number of different tokens; an example holds whole numbers from 0 up to it, exclusive. Default 256: bytes. */
  vocabulary: count()(256),
  /** Features of one token. Default 128. */
  width: count()(128),
  /** What remembers: 'gru' has three quarters of the weights of 'lstm'. Default 'gru'. */
  cell: oneOf('gru', 'lstm')('gru'),
  /** Width of the memory. Default 192. */
  units: count()(192),
  /** Recurrent layers, one above the other. Default 2. */
  layers: count()(2),
});

/** Which tokens a recurrentDecoder reads, and how large it is. */
export interface RecurrentDecoderOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A language model with a memory of fixed size: at each token, logits [T, vocabulary] of the token that follows; 488,832
 * parameters by default, 624,384 with 'lstm'. Each token costs the same however long the text is. Its steps follow each
 * other, so it learns more slowly than a `decoder` of its size.
 * Source    Mikolov et al. 2010, "Recurrent neural network based language model"; Cho et al. 2014, arXiv:1406.1078 (GRU);
 *           Hochreiter, Schmidhuber 1997 (LSTM)
 *
 * @example
 * const texts = fromTokens(['a big cat', 'water that falls'], { length: 32 });
 * const small = recurrentDecoder({ length: 32, units: 32, layers: 1 });
 * await distill({ student: small, data: texts, loss: perToken(crossEntropy()), epochs: 1 }).done;
 */
export function recurrentDecoder(options: RecurrentDecoderOptions = {}): Student {
  return designedStudent('recurrent-decoder', OPTIONS.read(options));
}

export const recurrentDecoderDesign: StudentDesign = {
  design: 'recurrent-decoder',
  build(tf, options, seed) {
    const { length, vocabulary, width, cell, units, layers } = options as unknown as Read<typeof OPTIONS>;
    let made = 0;
    const init = () => tf.initializers.glorotUniform({ seed: derivedSeed(seed, `recurrent-decoder/${made++}`) });
    const input = tf.input({ shape: [length], name: 'input', dtype: 'int32' });
    const embedding = tf.layers.embedding({
      inputDim: vocabulary,
      outputDim: width,
      embeddingsInitializer: init(),
      name: 'embedding',
    });
    let x = embedding.apply(input) as SymbolicTensor;
    for (let layer = 1; layer <= layers; layer++) {
      const own = {
        units,
        returnSequences: true,
        recurrentActivation: 'sigmoid' as const,
        kernelInitializer: init(),
        recurrentInitializer: init(),
        name: `${cell}_${layer}`,
      };
      x = (cell === 'lstm' ? tf.layers.lstm(own) : tf.layers.gru(own)).apply(x) as SymbolicTensor;
    }
    const logits = tf.layers.dense({ units: vocabulary, kernelInitializer: init(), name: 'logits' });
    return tf.model({ inputs: input, outputs: logits.apply(x) as SymbolicTensor, name: 'recurrent-decoder' });
  },
};
