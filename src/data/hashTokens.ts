import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import type { NdArray } from '../core/shape.ts';

const OPTIONS = schema('hashTokens', {
  /** Tokens of every text. Longer texts are cut, shorter ones filled up with 0. Default 64. */
  length: count()(64),
  /** Number of different tokens, 0 included, which stands for none. Parts of text share one by chance. Default 4096. */
  vocabulary: count(2)(4096),
  /** Whether whole words are tokens. Default 'yes'. */
  words: oneOf('yes', 'no')('yes'),
  /** Lengths of the pieces of words that are tokens too, such as [3]: "cat" has "<ca", "cat" and "at>". Default []: none. */
  pieces: given<readonly number[]>(checkPieces, []),
});

/** What of a text becomes a token, and how many there are. */
export interface HashTokensOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Texts as bags of tokens, without a vocabulary to load: each word, or piece of a word, is hashed to a number. It is what
 * `twoTower` reads. Words are runs of letters and digits of any script, in lower case and without accents.
 * Shapes    N texts → [N, length]
 * Units     int32, from 0 up to `vocabulary`, exclusive; 0 fills up
 * Throws    invalid-option
 * Source    the hashing trick, Weinberger et al. 2009, arXiv:0902.2206, with FNV-1a; pieces of words: Huang et al. 2013,
 *           Learning Deep Structured Semantic Models, CIKM
 *
 * @example
 * const queries = hashTokens(['a big cat'], { length: 16, pieces: [3] });
 */
export function hashTokens(texts: readonly string[], options: HashTokensOptions = {}): NdArray {
  const { length, vocabulary, words, pieces } = OPTIONS.read(options);
  const data = new Int32Array(texts.length * length);
  for (const [i, text] of texts.entries()) {
    const parts = wordsOf(text).flatMap((word) => [
      ...(words === 'yes' ? [word] : []),
      ...pieces.flatMap((size) => piecesOf(`<${word}>`, size)),
    ]);
    data.set(
      parts.slice(0, length).map((part) => 1 + (hashOf(part) % (vocabulary - 1))),
      i * length,
    );
  }
  return { data, shape: [texts.length, length] };
}

/** Letters and digits, in lower case and without accents. */
function wordsOf(text: string): readonly string[] {
  if (typeof text !== 'string')
    throw new LimbeckError('invalid-option', `hashTokens takes texts; given ${typeof text}.`);
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function piecesOf(word: string, size: number): string[] {
  return Array.from({ length: Math.max(0, word.length - size + 1) }, (_, i) => `#${word.slice(i, i + size)}`);
}

/** FNV-1a of the text's UTF-16 units, stirred at the end so that its low bits depend on all. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

function checkPieces(pieces: readonly number[]): void {
  if (Array.isArray(pieces) && pieces.every((size) => Number.isInteger(size) && size >= 1)) return;
  throw new LimbeckError(
    'invalid-option',
    `"pieces" was ${JSON.stringify(pieces)}; it must be lengths such as [3, 4].`,
  );
}
