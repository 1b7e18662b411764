import { LimbeckError } from '../errors.ts';
import { type Alphabet, type Characters, charactersOf } from './alphabet.ts';

/** A text, or its tokens. */
export type TokensLike = string | ArrayLike<number>;

/** Texts as tokens: characters of an alphabet, in its order from 0 on; without one, bytes of UTF-8. */
export interface Tokens {
  /** How many there are. */
  readonly vocabulary: number;
  /** Throws    class-mismatch: a character that the alphabet lacks, or a number that is no token */
  encode(text: TokensLike): Int32Array;
  /** A function from the tokens of one text, in their order, to its characters; bytes of half a character give nothing yet. */
  openText(): (token: number) => string;
}

const BYTES = 256;
/** What 32 bits hold. */
const MOST_TOKENS = 2 ** 31;

/** Throws    invalid-option: an alphabet without characters, or with one twice */
export function tokensOf(alphabet: Alphabet | undefined, vocabulary?: number): Tokens {
  // Behind the characters, so that these start at 0.
  const blank =
    typeof alphabet === 'string' ? Array.from(alphabet).length : Array.isArray(alphabet) ? alphabet.length : 0;
  const characters = alphabet === undefined ? undefined : charactersOf({ alphabet, blank });
  const count = characters === undefined ? BYTES : characters.classes - 1;
  const tokensOfText = (text: string) =>
    characters === undefined ? Int32Array.from(new TextEncoder().encode(text)) : charactersIn(text, characters);
  return {
    vocabulary: count,
    encode(text) {
      if (typeof text === 'string') return tokensOfText(text);
      const most = vocabulary ?? MOST_TOKENS;
      const wrong = Array.from(text).find((token) => !(token >= 0 && token < most && Number.isInteger(token)));
      if (wrong !== undefined) throw noToken(wrong, most);
      return Int32Array.from(text);
    },
    openText() {
      if (characters !== undefined) return (token) => (token < count ? characters.at(token) : '');
      const decoder = new TextDecoder();
      return (token) => (token < BYTES ? decoder.decode(Uint8Array.of(token), { stream: true }) : '');
    },
  };
}

function charactersIn(text: string, characters: Characters): Int32Array {
  return Int32Array.from(Array.from(text.normalize('NFC')), (character) => {
    const token = characters.of(character);
    if (token !== undefined) return token;
    throw new LimbeckError(
      'class-mismatch',
      `The text "${text.slice(0, 40)}" holds "${character}", which the alphabet lacks. Add it to the alphabet, from which the ` +
        'model has its tokens, or leave it out of the text.',
      { details: { character } },
    );
  });
}

function noToken(token: number, most: number): LimbeckError {
  return new LimbeckError('class-mismatch', `${String(token)} is no token; tokens are whole numbers, 0…${most - 1}.`, {
    details: { token, vocabulary: most },
  });
}
