import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, oneOf, type Read, schema } from '../../core/schema.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { tokenBag } from '../layers/tokenBag.ts';
import { designedStudent, type Student, type StudentDesign } from '../student.ts';
import { checkWidths } from './mlp.ts';

const OPTIONS = schema('twoTower', {
  /** What an example holds: 'tokens', whole numbers of which 0 stands for none, or 'features', any numbers. Default 'tokens'. */
  reads: oneOf('tokens', 'features')('tokens'),
  /** Tokens, or features, of a query. Default 32. */
  queryLength: count()(32),
  /** Tokens, or features, of a candidate. Default 64. */
  candidateLength: count()(64),
  /** Candidates of a list, where all have as many; losses on labels need it. Default: any number. */
  candidates: count(2)(),
  /** Number of different tokens, 0 included. Default 4096. */
  vocabulary: count(2)(4096),
  /** Length of the vectors that are compared. Default 32. */
  width: count()(32),
  /** Widths of the hidden layers of each tower. Default []: none. */
  hidden: given<readonly number[]>(checkWidths, []),
  /** Whether query and candidates go through the same layers. Default 'shared'. */
  towers: oneOf('shared', 'separate')('shared'),
  /** What a score is: the product of both vectors, or 20 times their cosine (sentence-transformers). Default 'dot'. */
  similarity: oneOf('dot', 'cosine')('dot'),
});

/** What both towers read, their layers, and how their vectors are compared. */
export interface TwoTowerOptions extends OptionsOf<typeof OPTIONS> {}

const COSINE_SCALE = 20;

/**
 * Two encoders for search: one for a query, one for the candidates of a list. The inputs are 'query' [B, T] and 'candidates'
 * [B, N, T]; the outputs 'scores' [B, N], 'queryVector' [B, F] and 'candidateVectors' [B, N, F]. `towerOf` cuts out one
 * tower, so that the vectors of documents are computed once, and a query costs one tower and products. 131,072 parameters by
 * default.
 * Throws    invalid-option · shape-mismatch: shared towers over features of two lengths
 * Source    Huang et al. 2013, Learning Deep Structured Semantic Models for Web Search using Clickthrough Data, CIKM; bags of
 *           hashed parts of words as there
 */
export function twoTower(options: TwoTowerOptions = {}): Student {
  const all = OPTIONS.read(options);
  const { reads, queryLength, candidateLength, towers } = all;
  if (reads === 'features' && towers === 'shared' && queryLength !== candidateLength) {
    throw new LimbeckError(
      'shape-mismatch',
      `Shared towers take queries and candidates of one length; given ${queryLength} and ${candidateLength} features. Make them ` +
        "alike, or take towers: 'separate'.",
      { details: { queryLength, candidateLength } },
    );
  }
  return designedStudent('two-tower', all);
}

export const twoTowerDesign: StudentDesign = {
  design: 'two-tower',
  build(tf, options, seed) {
    const all = options as unknown as Read<typeof OPTIONS>;
    const { reads, queryLength, candidateLength, candidates, towers, similarity } = all;
    const dtype = reads === 'tokens' ? 'int32' : 'float32';
    const query = tf.input({ shape: [queryLength], name: 'query', dtype });
    const listed = tf.input({ shape: [candidates ?? null, candidateLength], name: 'candidates', dtype });
    const first = towerOf(tf, all, seed, towers === 'shared' ? 'tower' : 'query_tower');
    const second = towers === 'shared' ? first : towerOf(tf, all, seed, 'candidate_tower');
    // Layers of their own, since an output is known by its layer's name, and a shared layer has one.
    const named = (x: SymbolicTensor, name: string) =>
      tf.layers.activation({ activation: 'linear', name }).apply(x) as SymbolicTensor;
    const vectors = [named(first(query), 'queryVector'), named(second(listed), 'candidateVectors')] as const;
    const isCosine = similarity === 'cosine';
    const products = tf.layers.dot({
      axes: [1, 2],
      normalize: isCosine,
      name: isCosine ? 'cosines' : 'scores',
    } as never);
    const compared = products.apply([...vectors]) as SymbolicTensor;
    const scaled = isCosine ? tf.layers.rescaling({ scale: COSINE_SCALE, name: 'scores' }).apply(compared) : compared;
    return tf.model({ inputs: [query, listed], outputs: [scaled as SymbolicTensor, ...vectors], name: 'two-tower' });
  },
};

/** The layers of one tower, which may be applied to several inputs. */
function towerOf(tf: Tf, { reads, vocabulary, width, hidden }: Read<typeof OPTIONS>, seed: number, tower: string) {
  let count = 0;
  const nextSeed = () => derivedSeed(seed, `two-tower/${tower}/${count++}`);
  const dense = (units: number, name: string, activation?: 'relu') =>
    tf.layers.dense({
      units,
      kernelInitializer: tf.initializers.glorotUniform({ seed: nextSeed() }),
      name: `${tower}_${name}`,
      ...(activation && { activation }),
    });
  const isTokens = reads === 'tokens';
  const layers = [
    ...(isTokens ? [tokenBag(tf, { vocabulary, width, seed: nextSeed(), name: `${tower}_tokens` })] : []),
    ...hidden.map((units, i) => dense(units, `dense_${i + 1}`, 'relu')),
    ...(isTokens && hidden.length === 0 ? [] : [dense(width, 'vector')]),
  ];
  return (x: SymbolicTensor) => layers.reduce((value, layer) => layer.apply(value) as SymbolicTensor, x);
}
