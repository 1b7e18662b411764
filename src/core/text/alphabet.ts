import { LimbeckError } from '../errors.ts';
import { checkCount } from '../options.ts';

/** The characters in the order of their classes, as one text or one by one; the blank is none of them. */
export type Alphabet = string | readonly string[];

/** Which class is which character. */
export interface AlphabetOptions {
  readonly alphabet: Alphabet;
  /** The class that stands for no character. Default 0, as in PyTorch and PaddleOCR; Keras takes the last. */
  readonly blank?: number;
}

/** Characters and classes, checked. */
export interface Characters {
  readonly blank: number;
  /** With the blank. */
  readonly classes: number;
  of(text: string): number | undefined;
  at(index: number): string;
}

/** Throws    invalid-option: no characters, or one twice, or a blank that is no class beside them */
export function charactersOf({ alphabet, blank = 0 }: AlphabetOptions): Characters {
  const characters = typeof alphabet === 'string' ? Array.from(alphabet) : alphabet;
  const isList = Array.isArray(characters) && characters.every((one) => typeof one === 'string' && one !== '');
  if (!isList || characters.length === 0) {
    throw new LimbeckError(
      'invalid-option',
      '"alphabet" must be a text, or a list of texts, of at least one character.',
    );
  }
  const shift = (i: number) => (i < blank ? i : i + 1);
  const classOf = new Map(characters.map((character, i) => [character, shift(i)]));
  if (classOf.size < characters.length) {
    const twice = characters.find((character, i) => characters.indexOf(character) < i);
    throw new LimbeckError('invalid-option', `"alphabet" has the character "${twice}" twice.`, { details: { twice } });
  }
  if (checkCount(blank, 'blank', 0) > characters.length) {
    throw new LimbeckError(
      'invalid-option',
      `"blank" was ${blank}; with ${characters.length} characters there are the classes 0…${characters.length}.`,
    );
  }
  return {
    blank,
    classes: characters.length + 1,
    of: (text) => classOf.get(text),
    at: (index) => characters[index < blank ? index : index - 1] ?? '',
  };
}

/**
 * The classes of each text's characters, for `withSequences`. Texts are brought to composed form (NFC) first, so that "é"
 * is one character however it was typed.
 * Throws    invalid-option: the alphabet · class-mismatch: a character that it lacks
 *
 * @example
 * const read = withSequences(take(data, 2), encodeTexts(['to be', 'or not'], { alphabet: ' abcdefghijklmnopqrstuvwxyz' }));
 */
export function encodeTexts(texts: readonly string[], options: AlphabetOptions): number[][] {
  const characters = charactersOf(options);
  return texts.map((text, i) =>
    Array.from(text.normalize('NFC'), (character) => {
      const index = characters.of(character);
      if (index !== undefined) return index;
      throw new LimbeckError(
        'class-mismatch',
        `Text ${i}, "${text.slice(0, 40)}", holds "${character}", which the alphabet lacks. Add it to the alphabet, from ` +
          'which the student has its classes, or leave the text out.',
        { details: { text: i, character } },
      );
    }),
  );
}
