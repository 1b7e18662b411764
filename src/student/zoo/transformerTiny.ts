import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { derivedSeed } from '../../core/random.ts';
import { multiHeadAttention } from '../layers/multiHeadAttention.ts';
import { positionEmbedding } from '../layers/positionEmbedding.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';

/** The two ends of a transformerTiny, and its size. */
export interface TransformerTinyOptions {
  /** Tokens of one example. Default 64. */
  readonly length?: number;
  /** Number of different tokens; an example holds whole numbers from 0 to below it. Default 256: bytes. */
  readonly vocabulary?: number;
  /** Length of the output 'logits'. Default 10. */
  readonly classes?: number;
  /** Features of one token; a multiple of `heads`. Default 128. */
  readonly width?: number;
  /** Attention heads. Default 4. */
  readonly heads?: number;
  /** Features between the two dense layers of a block. Default 512. */
  readonly hidden?: number;
  /** Number of blocks. Default 2. */
  readonly blocks?: number;
}

/**
 * A pre-norm transformer encoder over tokens, averaged over their positions: 438,794 parameters as it stands.
 * Source    Vaswani et al. 2017, arXiv:1706.03762; norm before each half of a block: Xiong et al. 2020, arXiv:2002.04745
 */
export function transformerTiny(options: TransformerTinyOptions = {}): Student {
  const { length = 64, vocabulary = 256, classes = 10, width = 128, heads = 4, hidden = 512, blocks = 2 } = options;
  const all = { length, vocabulary, classes, width, heads, hidden, blocks };
  checkKnownOptions(options, Object.keys(all), 'transformerTiny');
  for (const [name, value] of Object.entries(all)) checkCount(value, name, 1);
  if (width % heads !== 0) {
    throw new LimbeckError('invalid-option', `width (${width}) must be a multiple of heads (${heads}).`);
  }
  return designedStudent('transformer-tiny', all);
}

export const transformerTinyDesign: StudentDesign = {
  design: 'transformer-tiny',
  build(tf, options, seed) {
    const { length, vocabulary, classes, width, heads, hidden, blocks } =
      options as unknown as Required<TransformerTinyOptions>;
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
