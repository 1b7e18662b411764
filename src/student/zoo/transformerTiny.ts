import { count, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { tokenBlocks, withWholeHeads } from './tokenBlocks.ts';

const OPTIONS = schema('transformerTiny', {
  /** Tokens of one example. Default 64. */
  length: count()(64),
  /** Number of different tokens; an example holds whole numbers from 0 up to it, exclusive. Default 256: bytes. */
  vocabulary: count()(256),
  /** Length of the output 'logits'. Default 10. */
  classes: count()(10),
  /** Features of one token; a multiple of `heads`. Default 128. */
  width: count()(128),
  /** Attention heads. Default 4. */
  heads: count()(4),
  /** Width between the two dense layers of a block. Default 512. */
  hidden: count()(512),
  /** Number of blocks. Default 2. */
  blocks: count()(2),
});

/** What a transformerTiny reads, how many classes it tells apart, and how large it is. */
export interface TransformerTinyOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A pre-norm transformer encoder over tokens, averaged over their positions: 438,794 parameters by default.
 * Source    Vaswani et al. 2017, arXiv:1706.03762; norm before each half of a block: Xiong et al. 2020, arXiv:2002.04745
 */
export function transformerTiny(options: TransformerTinyOptions = {}): Student {
  return designedStudent('transformer-tiny', withWholeHeads(OPTIONS.read(options)));
}

export const transformerTinyDesign: StudentDesign = {
  design: 'transformer-tiny',
  build(tf, options, seed) {
    const { classes, ...size } = options as unknown as Read<typeof OPTIONS>;
    const { input, x, logits } = tokenBlocks(tf, 'transformer-tiny', seed, size, 'all');
    const pooled = tf.layers.globalAveragePooling1d({ name: 'pooled' }).apply(x) as SymbolicTensor;
    return tf.model({ inputs: input, outputs: logits(pooled, classes), name: 'transformer-tiny' });
  },
};
