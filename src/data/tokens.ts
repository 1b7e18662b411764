import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import type { Alphabet } from '../core/text/alphabet.ts';
import { type TokensLike, tokensOf } from '../core/text/tokens.ts';
import { type Dataset, DEFAULT_INPUT, UNLABELLED } from './dataset.ts';
import { givesFresh } from './fresh.ts';
import { makeDataset } from './makeDataset.ts';

const OPTIONS = schema('fromTokens', {
  /** Tokens of every example, as the student has them; longer texts become several examples. Default: those of the longest, less one. */
  length: count()(),
  /** The characters in the order of their tokens. Default: texts are bytes of UTF-8. */
  alphabet: given<Alphabet>(),
  /** The token that fills an example up; what stands there counts nothing. Default 0. */
  padding: count(0)(0),
  /** How many tokens at the start of each text are its prompt, which is given and not learned. Default: none. */
  promptLengths: given<readonly number[]>(),
});

/** What every text becomes. */
export interface TokensOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset of texts for language models: at each position a token, and as the example's sequence the token that follows,
 * −1 where nothing counts. `perToken` learns it, the metric `perplexity` measures it.
 *
 * A text without a mark at its end teaches no model where to stop: put one there, such as a line break, and one at its start
 * if the model shall begin by itself.
 * Shapes    N texts → input [N, T] int32, sequences [N, T]
 * Units     tokens: bytes, characters of the alphabet, or numbers as given
 * Throws    invalid-option · class-mismatch: a character that the alphabet lacks, or what is no token · empty-dataset: no text
 *           has two tokens · shape-mismatch: not a prompt length for each text
 *
 * @example
 * const texts = fromTokens(['\na big cat\n', '\nwater that falls\n'], { length: 32 });
 */
export function fromTokens(texts: readonly TokensLike[], options: TokensOptions = {}): Dataset {
  const { length: wanted, alphabet, padding, promptLengths } = OPTIONS.read(options);
  if (promptLengths !== undefined && promptLengths.length !== texts.length) {
    throw new LimbeckError(
      'shape-mismatch',
      `There are ${texts.length} texts and ${promptLengths.length} prompt lengths; give one to each, 0 where there is none.`,
      { details: { texts: texts.length, promptLengths: promptLengths.length } },
    );
  }
  const { encode } = tokensOf(alphabet);
  const encoded = texts.map(encode);
  const length = wanted ?? encoded.reduce((most, { length: own }) => Math.max(most, own - 1), 1);
  const windows = encoded.flatMap((tokens, text) => {
    const starts = Math.max(0, Math.ceil((tokens.length - 1) / length));
    return Array.from({ length: starts }, (_, i) => ({ tokens, from: i * length, prompt: promptLengths?.[text] ?? 0 }));
  });
  if (windows.length === 0) {
    throw new LimbeckError(
      'empty-dataset',
      'No text has two tokens, one to see and one that follows. Give longer texts.',
      {
        details: { role: 'texts' },
      },
    );
  }
  const readInputs = async (indices: Int32Array) => {
    const data = new Int32Array(indices.length * length).fill(padding);
    for (const [i, index] of indices.entries()) {
      const { tokens, from } = windows[index] as (typeof windows)[number];
      // The last token of a text has none that follows.
      data.set(tokens.subarray(from, Math.min(from + length, tokens.length - 1)), i * length);
    }
    return { [DEFAULT_INPUT]: { data, shape: [indices.length, length] } };
  };
  const inputs = { [DEFAULT_INPUT]: { shape: [length], dtype: 'int32' as const } };
  const dataset = makeDataset({ size: windows.length, noun: 'texts', inputs, readInputs });
  const nextOf = (indices: Int32Array) => {
    const sequences = new Int32Array(indices.length * length).fill(UNLABELLED);
    for (const [i, index] of indices.entries()) {
      const { tokens, from, prompt } = windows[index] as (typeof windows)[number];
      const start = Math.max(from, prompt - 1);
      const next = tokens.subarray(start + 1, from + 1 + length);
      sequences.set(next, i * length + start - from);
    }
    return sequences;
  };
  const read = async (indices: Int32Array, signal?: AbortSignal) => ({
    ...(await dataset.read(indices, signal)),
    sequences: nextOf(indices),
  });
  return { ...dataset, read: givesFresh(read, dataset) };
}
