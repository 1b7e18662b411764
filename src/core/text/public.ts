// What the package exports of this folder.
export { type Alphabet, type AlphabetOptions, encodeTexts } from './alphabet.ts';
export { type DecodeCtcOptions, type DecodedText, decodeCtc } from './decodeCtc.ts';
export type { TokensLike } from './tokens.ts';
