// What the package exports of this folder.
export { type GeneratedToken, type GenerateOptions, generate } from './generate.ts';
export {
  type GeneratedText,
  type GenerateTextsEvent,
  type GenerateTextsOptions,
  generateTexts,
} from './generateTexts.ts';
export type { LanguageModel } from './writing.ts';
