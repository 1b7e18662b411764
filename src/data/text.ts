import { count, given, type OptionsOf, oneOf, required, schema } from '../core/schema.ts';
import type { NamedArrays } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';
import type { Dataset, InputSpec, LabelledDataset } from './dataset.ts';
import { makeDataset } from './makeDataset.ts';
import {
  type OpenTokenizer,
  openTokenizer,
  parseTokenizerFiles,
  type TextLike,
  type TokenizerFiles,
} from './tokenize.ts';

const OPTIONS = schema('fromText', {
  /** The tokenizer files next to the model. */
  tokenizer: required(given<TokenizerFiles>()),
  /** Tokens of every example, including those that the tokenizer adds. Longer texts are cut, shorter ones padded. Default 128. */
  maxLength: count()(128),
  /** Adds token_type_ids, which distinguish the two texts of a pair, for models that take them, such as BERT. Default 'no'. */
  tokenTypes: oneOf('no', 'yes')('no'),
});

/** What every text becomes. */
export interface TextOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset from texts, or pairs of texts, as language models read them. The tokenizer is opened once, at the first read; one
 * with 100,000 words blocks the page only briefly.
 * Shapes    N texts → input_ids, attention_mask and, if asked for, token_type_ids, each [N, maxLength]
 * Units     int32; the mask is 1 at tokens and 0 at padding
 * Throws    tokenizer-invalid: the files are not a tokenizer · invalid-option · shape-mismatch
 *
 * @example
 * const tokenizer = {
 *   'tokenizer.json': await (await fetch('/model/tokenizer.json')).text(),
 *   'tokenizer_config.json': await (await fetch('/model/tokenizer_config.json')).text(),
 * };
 * const data = fromText(['good film', 'bad film'], { tokenizer, maxLength: 64 }, [1, 0]);
 */
export function fromText(texts: readonly TextLike[], options: TextOptions): Dataset;
export function fromText(texts: readonly TextLike[], options: TextOptions, labels: ArrayLike<number>): LabelledDataset;
export function fromText(texts: readonly TextLike[], options: TextOptions, labels?: ArrayLike<number>): Dataset {
  const { tokenizer, maxLength, tokenTypes } = OPTIONS.read(options);
  const files = parseTokenizerFiles(tokenizer);
  const names = ['input_ids', 'attention_mask', ...(tokenTypes === 'yes' ? ['token_type_ids'] : [])];
  const spec: InputSpec = { shape: [maxLength], dtype: 'int32' };
  let opening: Promise<OpenTokenizer> | undefined;
  const readInputs = async (indices: Int32Array, signal?: AbortSignal) => {
    opening ??= openTokenizer(files);
    const tokenizer = await opening.catch((error: unknown) => {
      // A file that did not load may load next time.
      opening = undefined;
      throw error;
    });
    const turn = takeTurns(signal);
    const rows = makeRows(indices.length, maxLength, tokenizer.padId);
    for (let i = 0; i < indices.length; i++) {
      await turn();
      const { ids, types } = tokenizer.tokenize(texts[indices[i] as number] as TextLike, maxLength);
      const at = i * maxLength + (tokenizer.paddingSide === 'left' ? maxLength - ids.length : 0);
      rows['input_ids'].data.set(ids, at);
      rows['attention_mask'].data.fill(1, at, at + ids.length);
      rows['token_type_ids'].data.set(types, at);
    }
    return Object.fromEntries(names.map((name) => [name, rows[name as keyof typeof rows]])) as NamedArrays;
  };
  const inputs = Object.fromEntries(names.map((name) => [name, spec]));
  return makeDataset({ size: texts.length, noun: 'texts', inputs, readInputs }, labels);
}

function makeRows(count: number, length: number, padId: number) {
  const make = (value: number) => ({ data: new Int32Array(count * length).fill(value), shape: [count, length] });
  return { input_ids: make(padId), attention_mask: make(0), token_type_ids: make(0) };
}
