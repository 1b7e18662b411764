import { seededRandom } from '../core/random.ts';
import { type TextAugment, tokensAmong } from './augmentTextOptions.ts';

/** Varies the tokens of a text. */
export type VaryText = (tokens: Int32Array, seed: number) => void;

/**
 * Makes a function that varies tokens in place. It draws every number, even if its option is not set, so that one more option does
 * not change the others.
 */
export function makeVaryText(options: TextAugment): VaryText {
  const { drop = 0, swap = 0, replace = 0, among = 0, padding = 0, kept = [] } = options;
  const others = tokensAmong(among, padding);
  const isFixed = (token: number | undefined) => token === undefined || token === padding || kept.includes(token);
  return (tokens, seed) => {
    const random = seededRandom(seed);
    let isSwapped = false;
    for (let i = 0; i < tokens.length; i++) {
      const [forSwap, forReplace, which, forDrop] = [random(), random(), random(), random()];
      // Once: a token would otherwise wander to the end of its text.
      isSwapped = !isSwapped && forSwap < swap && !isFixed(tokens[i]) && !isFixed(tokens[i + 1]);
      if (isSwapped) tokens.subarray(i, i + 2).reverse();
      if (isFixed(tokens[i])) continue;
      if (forReplace < replace) tokens[i] = otherThan(tokens[i] as number, others, which);
      if (forDrop < drop) tokens[i] = padding;
    }
  };
}

/** One of the others by a number from 0 to 1, each with the same chance. */
function otherThan(token: number, others: Int32Array, which: number): number {
  const own = others.indexOf(token);
  const at = Math.floor(which * (own < 0 ? others.length : others.length - 1));
  return others[own >= 0 && at >= own ? at + 1 : at] as number;
}
