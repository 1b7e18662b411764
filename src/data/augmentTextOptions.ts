import { invalidOption } from '../core/options.ts';
import { count, fraction, given, type OptionsOf, schema } from '../core/schema.ts';

export const TEXT = schema(
  'augment.text',
  {
    /** The chance of each token to become `padding`, as if it had not been read. Default 0. */
    drop: fraction(0),
    /** The chance of each token to change places with the one behind it. Default 0. */
    swap: fraction(0),
    /** The chance of each token to become another one, drawn from `among`. Default 0. */
    replace: fraction(0),
    /** Tokens from which a replacement is drawn: how many there are, counted from 0, or a list of them. `replace` needs it. */
    among: given<number | ArrayLike<number>>(checkAmong),
    /** The token that fills texts up: it never changes, and is never drawn. Default 0. */
    padding: count(0)(0),
    /** Tokens that never change, such as the marks of a text's start and end. Default: none. */
    kept: given<readonly number[]>((tokens, name) => {
      if (!isTokens(tokens)) throw invalidOption(name, tokens, 'a list of tokens, whole numbers of 0 or more');
    }),
  },
  'augment.text.',
);

/**
 * How tokens [T] change: places, then others in their stead, then dropped. Labels and sequences stay, so a language model still learns
 * the true next token, and every token keeps its place or goes to the next one.
 * Source    Xie et al. 2017, "Data Noising as Smoothing in Neural Network Language Models", arXiv:1703.02573 (blanks and
 *           replacements); Belinkov and Bisk 2018, arXiv:1711.02173 (neighbours that change places)
 */
export interface TextAugment extends OptionsOf<typeof TEXT> {}

/** Whether it changes anything. */
export function changesText({ drop = 0, swap = 0, replace = 0 }: TextAugment): boolean {
  return drop > 0 || swap > 0 || replace > 0;
}

/** Throws    invalid-option: replacements without tokens to draw them from */
export function checkText({ replace = 0, among, padding = 0 }: TextAugment): void {
  if (replace === 0) return;
  if (among === undefined) {
    throw invalidOption(
      'augment.text.among',
      among,
      'how many tokens there are, or a list of them: "replace" draws from it',
    );
  }
  if (tokensAmong(among, padding).length > 1) return;
  throw invalidOption('augment.text.among', among, 'at least two tokens besides "padding"');
}

/** The tokens that may stand for others. */
export function tokensAmong(among: number | ArrayLike<number>, padding: number): Int32Array {
  const all = typeof among === 'number' ? Int32Array.from({ length: among }, (_, i) => i) : Int32Array.from(among);
  return all.filter((token) => token !== padding);
}

function checkAmong(among: number | ArrayLike<number>, name: string): void {
  const isRight = typeof among === 'number' ? isTokens([among]) && among >= 1 : isTokens(among);
  if (!isRight) throw invalidOption(name, among, 'a whole number of tokens, or a list of them');
}

function isTokens(tokens: ArrayLike<number>): boolean {
  return Array.from(tokens ?? [-1]).every((token) => Number.isInteger(token) && token >= 0 && token < 2 ** 31);
}
