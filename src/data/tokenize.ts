import type { Tokenizer } from '@huggingface/tokenizers';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { parseJson } from '../core/parseJson.ts';

/** The two files of a Hugging Face tokenizer, by name: parsed JSON, or its text. */
export interface TokenizerFiles {
  readonly 'tokenizer.json': object | string;
  readonly 'tokenizer_config.json'?: object | string;
}

/** A text, or two that belong together, such as a question and an answer. */
export type TextLike = string | readonly [string, string];

/** The tokens of one text, including special ones, and which of two texts each belongs to. */
export interface TokenIds {
  readonly ids: Int32Array;
  readonly types: Int32Array;
}

/** A tokenizer with what its files say about length and padding. */
export interface OpenTokenizer {
  readonly padId: number;
  /** At which end texts are padded, or cut if they are too long. */
  readonly paddingSide: 'left' | 'right';
  tokenize(text: TextLike, maxLength: number): TokenIds;
}

/**
 * The files as objects, not yet interpreted.
 * Throws    tokenizer-invalid: not JSON, or not a tokenizer's
 */
export function parseTokenizerFiles(files: TokenizerFiles): { tokenizer: object; config: object } {
  const tokenizer = parse(files['tokenizer.json'], 'tokenizer.json');
  if (!('model' in tokenizer)) {
    throw invalid(`tokenizer.json has no "model", only ${Object.keys(tokenizer).join(', ') || 'nothing'}`);
  }
  return { tokenizer, config: parse(files['tokenizer_config.json'] ?? {}, 'tokenizer_config.json') };
}

/** Throws    tokenizer-invalid: an unknown kind, or missing parts */
export async function openTokenizer(files: { tokenizer: object; config: object }): Promise<OpenTokenizer> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const config: Record<string, unknown> = { ...files.config };
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer({ ...EMPTY_PARTS, ...files.tokenizer }, config);
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  const cutSide = config['truncation_side'] === 'left' ? 'left' : 'right';
  return {
    padId: padIdOf(tokenizer, files.tokenizer, config),
    paddingSide: config['padding_side'] === 'left' ? 'left' : 'right',
    tokenize: (text, maxLength) => tokenizeText(tokenizer, text, maxLength, cutSide),
  };
}

/** Optional parts of a tokenizer; the library asks for each by name. */
const EMPTY_PARTS = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };

function parse(file: object | string, name: string): object {
  let value: unknown = file;
  try {
    if (typeof file === 'string') value = parseJson(file);
  } catch (error) {
    throw invalid(`${name} is not JSON: ${messageOf(error)}`, error);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(`${name} was ${JSON.stringify(value)?.slice(0, 40)}, not an object`);
}

function invalid(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'tokenizer-invalid',
    `The tokenizer cannot be used: ${why}. Give the two files that lie beside the model, tokenizer.json and ` +
      'tokenizer_config.json.',
    { cause },
  );
}

/** The configuration names the token; tokenizer.json may hold its number. Padding is masked, so 0 works too. */
function padIdOf(tokenizer: Tokenizer, json: object, config: Record<string, unknown>): number {
  const token = contentOf(config['pad_token']);
  const padding = (json as { padding?: { pad_id?: unknown } | null }).padding?.pad_id;
  const id = token === undefined ? padding : (tokenizer.token_to_id(token) ?? padding);
  return typeof id === 'number' ? id : 0;
}

/** A token is either its text or an object that holds it. */
function contentOf(token: unknown): string | undefined {
  const text = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
  return typeof text === 'string' ? text : undefined;
}

function tokenizeText(tokenizer: Tokenizer, text: TextLike, maxLength: number, cutSide: 'left' | 'right'): TokenIds {
  const [first, second] = typeof text === 'string' ? [text] : text;
  let tokens = tokenizer.tokenize(first);
  let others = second === undefined ? null : tokenizer.tokenize(second);
  const room = maxLength - withSpecialTokens(tokenizer, [], others && []).tokens.length;
  if (room < 0) {
    throw new LimbeckError(
      'invalid-option',
      `"maxLength" was ${maxLength}; this tokenizer adds ${maxLength - room} tokens of its own to every text.`,
    );
  }
  const [most, mostOfOthers] = shareRoom(tokens.length, others?.length ?? 0, room);
  tokens = cut(tokens, most, cutSide);
  others = others && cut(others, mostOfOthers, cutSide);
  const { tokens: all, types } = withSpecialTokens(tokenizer, tokens, others);
  return { ids: Int32Array.from(all, (token) => idOf(tokenizer, token)), types: Int32Array.from(types) };
}

function withSpecialTokens({ post_processor }: Tokenizer, tokens: string[], others: string[] | null) {
  const result = post_processor?.post_process(tokens, others, true) ?? { tokens, tokens_pair: others };
  // A tokenizer that adds no token keeps the two texts apart.
  const rest = result.tokens_pair ?? [];
  const all = [...result.tokens, ...rest];
  const types = 'token_type_ids' in result ? result.token_type_ids : undefined;
  return { tokens: all, types: types ?? all.map((_, i) => (i < result.tokens.length ? 0 : 1)) };
}

/**
 * How many tokens each of two texts may keep: the longer one is cut first, then both to halves.
 * Source    Hugging Face tokenizers, truncation strategy longest_first
 */
function shareRoom(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  const kept: [number, number] = shorter <= half ? [shorter, room - shorter] : [half, room - half];
  return first <= second ? kept : [kept[1], kept[0]];
}

function cut(tokens: string[], most: number, side: 'left' | 'right'): string[] {
  if (tokens.length <= most) return tokens;
  return side === 'right' ? tokens.slice(0, most) : tokens.slice(tokens.length - most);
}

function idOf({ model }: Tokenizer, token: string): number {
  const id = model?.tokens_to_ids.get(token) ?? model?.unk_token_id;
  if (id !== undefined) return id;
  throw invalid(`its vocabulary has no "${token}", and no token for what is unknown`);
}
