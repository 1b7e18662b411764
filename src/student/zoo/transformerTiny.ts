import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, type OptionsOf, type Read, schema } from '../../core/schema.ts';
import { multiHeadAttention } from '../layers/multiHeadAttention.ts';
import { positionEmbedding } from '../layers/positionEmbedding.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';

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
  const all = OPTIONS.read(options);
  const { width, heads } = all;
  if (width % heads !== 0) {
    throw new LimbeckError('invalid-option', `width (${width}) must be a multiple of heads (${heads}).`);
  }
  return designedStudent('transformer-tiny', all);
}

export const transformerTinyDesign: StudentDesign = {
  design: 'transformer-tiny',
  build(tf, options, seed) {
    const { length, vocabulary, classes, width, heads, hidden, blocks } = options as unknown as Read<typeof OPTIONS>;
    let count = 0;
    const nextSeed = () => derivedSeed(seed, `transformer-tiny/${count++}`);
    const counts: Record<string, number> = {};
    const name = (kind: string) => {
      counts[kind] = (counts[kind] ?? 0) + 1;
      return `${kind}_${counts[kind]}`;
    };
    const init = () => tf.initializers.glorotUniform({ seed: nextSeed() });
    const after = (layer: unknown, x: typeof input) =>
      (layer as { apply(x: typeof input): unknown }).apply(x) as typeof input;
    const sum = (x: typeof input, y: typeof input) =>
      tf.layers.add({ name: name('add') }).apply([x, y]) as typeof input;
    const norm = (x: typeof input) => after(tf.layers.layerNormalization({ epsilon: 1e-5, name: name('norm') }), x);
    const dense = (x: typeof input, units: number, activation?: 'gelu') =>
      after(
        tf.layers.dense({ units, kernelInitializer: init(), name: name('dense'), ...(activation && { activation }) }),
        x,
      );

    const input = tf.input({ shape: [length], name: 'input', dtype: 'int32' });
    const start = tf.initializers.randomNormal({ stddev: 0.02, seed: nextSeed() });
    const embedding = tf.layers.embedding({
      inputDim: vocabulary,
      outputDim: width,
      embeddingsInitializer: start,
      name: 'embedding',
    });
    let x = after(positionEmbedding(tf), after(embedding, input));
    for (let block = 0; block < blocks; block++) {
      x = sum(x, after(multiHeadAttention(tf, { heads, seed: nextSeed(), name: `attention_${block + 1}` }), norm(x)));
      x = sum(x, dense(dense(norm(x), hidden, 'gelu'), width));
    }
    const pooled = after(tf.layers.globalAveragePooling1d({ name: 'pooled' }), x);
    const logits = after(tf.layers.dense({ units: classes, name: 'logits', kernelInitializer: init() }), pooled);
    return tf.model({ inputs: input, outputs: logits, name: 'transformer-tiny' });
  },
};
