import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed } from '../../core/random.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type MultiHeadAttentionConfig, multiHeadAttention } from '../layers/multiHeadAttention.ts';
import { positionEmbedding } from '../layers/positionEmbedding.ts';

/** The size of a transformer over tokens. */
export interface TokenBlocksSize {
  readonly length: number;
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly blocks: number;
}

/** Throws    invalid-option: a width that the heads do not divide */
export function withWholeHeads<T extends Pick<TokenBlocksSize, 'width' | 'heads'>>(size: T): T {
  const { width, heads } = size;
  if (width % heads === 0) return size;
  throw new LimbeckError('invalid-option', `width (${width}) must be a multiple of heads (${heads}).`);
}

/** Tokens [T] through an embedding, positions and pre-norm blocks, and what makes the rest of the model like them. */
export interface TokenBlocks {
  readonly input: SymbolicTensor;
  /** [T, F], before a last norm. */
  readonly x: SymbolicTensor;
  norm(x: SymbolicTensor): SymbolicTensor;
  /** The layer 'logits'. */
  logits(x: SymbolicTensor, units: number): SymbolicTensor;
}

/** Each layer has a seed and a name of its own; `design` tells those of several designs apart. */
export function tokenBlocks(
  tf: Tf,
  design: string,
  seed: number,
  { length, vocabulary, width, heads, hidden, blocks }: TokenBlocksSize,
  sight: NonNullable<MultiHeadAttentionConfig['sight']>,
): TokenBlocks {
  let count = 0;
  const nextSeed = () => derivedSeed(seed, `${design}/${count++}`);
  const counts: Record<string, number> = {};
  const name = (kind: string) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    return `${kind}_${counts[kind]}`;
  };
  const init = () => tf.initializers.glorotUniform({ seed: nextSeed() });
  const sum = (x: SymbolicTensor, y: SymbolicTensor) =>
    tf.layers.add({ name: name('add') }).apply([x, y]) as SymbolicTensor;
  const norm = (x: SymbolicTensor) => after(tf.layers.layerNormalization({ epsilon: 1e-5, name: name('norm') }), x);
  const dense = (x: SymbolicTensor, units: number, activation?: 'gelu') =>
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
    const attention = { heads, seed: nextSeed(), name: `attention_${block + 1}`, ...(sight === 'past' && { sight }) };
    x = sum(x, after(multiHeadAttention(tf, attention), norm(x)));
    x = sum(x, dense(dense(norm(x), hidden, 'gelu'), width));
  }
  const logits = (of: SymbolicTensor, units: number) =>
    after(tf.layers.dense({ units, name: 'logits', kernelInitializer: init() }), of);
  return { input, x, norm, logits };
}

const after = (layer: unknown, x: SymbolicTensor) =>
  (layer as { apply(x: SymbolicTensor): unknown }).apply(x) as SymbolicTensor;
