import { count, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { tokenBlocks, withWholeHeads } from './tokenBlocks.ts';

const OPTIONS = schema('decoder', {
  /** The context: tokens of one example, and the most that `generate` can look back on. Default 128. */
  length: count()(128),
  /** Number of different tokens; an example holds whole numbers from 0 up to it, exclusive. Default 256: bytes. */
  vocabulary: count()(256),
  /** Features of one token; a multiple of `heads`. Default 128. */
  width: count()(128),
  /** Attention heads. Default 4. */
  heads: count()(4),
  /** Width between the two dense layers of a block. Default 512. */
  hidden: count()(512),
  /** Number of blocks. Default 4. */
  blocks: count()(4),
});

/** Which tokens a decoder reads, how far back it sees, and how large it is. */
export interface DecoderOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A language model with causal attention: at each token, logits [T, vocabulary] of the token that follows, from this one and
 * the earlier ones alone. A pre-norm transformer decoder; 875,520 parameters by default. Train it with `perToken`, let it
 * write with `generate`.
 * Source    Vaswani et al. 2017, arXiv:1706.03762; Radford et al. 2019, "Language Models are Unsupervised Multitask
 *           Learners", §2.3 (norm before each half of a block, and one more at the end)
 *
 * @example
 * const texts = fromTokens(['a big cat', 'water that falls'], { length: 32 });
 * await distill({ student: decoder({ length: 32, blocks: 1 }), data: texts, loss: perToken(crossEntropy()), epochs: 1 }).done;
 */
export function decoder(options: DecoderOptions = {}): Student {
  return designedStudent('decoder', withWholeHeads(OPTIONS.read(options)));
}

export const decoderDesign: StudentDesign = {
  design: 'decoder',
  build(tf, options, seed) {
    const size = options as unknown as Read<typeof OPTIONS>;
    const { input, x, norm, logits } = tokenBlocks(tf, 'decoder', seed, size, 'past');
    return tf.model({ inputs: input, outputs: logits(norm(x), size.vocabulary), name: 'decoder' });
  },
};
