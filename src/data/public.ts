// What the package exports of this folder.
export { fromArrays } from './arrays.ts';
export { type AudioLike, type AudioOptions, fromAudio, type Recording } from './audio.ts';
export { type AugmentedOptions, augmented } from './augmented.ts';
export type { AugmentOptions } from './augmentOptions.ts';
export { type CsvOptions, type CsvPart, type CsvTable, fromCsv, readCsv, readCsvParts } from './csv.ts';
export {
  type Dataset,
  type Examples,
  type InputSpec,
  type LabelledDataset,
  type LabelledExamples,
  UNLABELLED,
} from './dataset.ts';
export { type NearestNeighboursOptions, type NeighbourGraph, nearestNeighbours } from './graph.ts';
export { type LabelPropagationOptions, labelPropagation } from './graphPropagation.ts';
export { type HashTokensOptions, hashTokens } from './hashTokens.ts';
export { fromImages, type ImageLike, type ImagesOptions } from './images.ts';
export { joined } from './joined.ts';
export { fromLists, type ListsOptions } from './lists.ts';
export { type Mixture, mixedUp } from './mixedUp.ts';
export { fromText, type TextOptions } from './text.ts';
export type { TextLike, TokenizerFiles } from './tokenize.ts';
export { batches, pick, shuffle, split, take, withoutLabels } from './views.ts';
export { withExampleWeights } from './withExampleWeights.ts';
