// What the package exports of this folder.
export { fromArrays } from './arrays.ts';
export { type AudioOptions, fromAudio } from './audio.ts';
export { type AugmentedOptions, augmented } from './augmented.ts';
export type { AugmentOptions } from './augmentOptions.ts';
export type { SoundAugment } from './augmentSoundOptions.ts';
export type { TextAugment } from './augmentTextOptions.ts';
export { balancedWeights, withClassWeights } from './classWeights.ts';
export { type CsvOptions, type CsvPart, type CsvTable, fromCsv, readCsv, readCsvParts } from './csv.ts';
export { cutMixed } from './cutMixed.ts';
export {
  type Dataset,
  type Examples,
  type InputSpec,
  type LabelledDataset,
  type LabelledExamples,
  UNLABELLED,
} from './dataset.ts';
export { type DataFile, type FilesByFolder, type FolderLike, filesOfFolder, labelledByFolder } from './folders.ts';
export { type FramesOptions, framesOf } from './framesOf.ts';
export { type NearestNeighboursOptions, type NeighbourGraph, nearestNeighbours } from './graph.ts';
export { type LabelPropagationOptions, labelPropagation } from './graphPropagation.ts';
export { type HashTokensOptions, hashTokens } from './hashTokens.ts';
export { fromImages, type ImageLike, type ImagesOptions } from './images.ts';
export { joined } from './joined.ts';
export { fromJson, type JsonRow, readJsonRows } from './json.ts';
export { fromLists, type ListsOptions } from './lists.ts';
export { type Mixture, mixedUp } from './mixedUp.ts';
export { type RandomMixturesOptions, randomMixtures } from './mixtures.ts';
export { type AudioLike, type DecodeAudioOptions, decodeAudio, type Recording } from './openSound.ts';
export { fromParquet, type ParquetCompressors, type ParquetOptions } from './parquet.ts';
export { fromSequences, type SequencesOptions } from './sequences.ts';
export { type SpectrogramsOptions, spectrograms } from './spectrograms.ts';
export { openExamples, removeExamples, type StoreExamplesOptions, storeExamples } from './storedExamples.ts';
export type { TableOptions } from './table.ts';
export { fromText, type TextOptions } from './text.ts';
export type { TextLike, TokenizerFiles } from './tokenize.ts';
export { fromTokens, type TokensOptions } from './tokens.ts';
export { batches, pick, shuffle, split, take, withoutLabels } from './views.ts';
export { withExampleWeights } from './withExampleWeights.ts';
export { withSequences } from './withSequences.ts';
export { filesOfZip, type ZipOptions } from './zip.ts';
