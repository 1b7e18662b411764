// What the package exports of this folder.

export type { TfjsArtifacts } from '../model/portableModel.ts';
export { type CachedModel, type ModelCache, type ModelCacheOptions, modelCache } from '../network/cache/modelCache.ts';
export type { CachePrecision, Precision } from './cache/precision.ts';
export {
  type CacheContents,
  type CachedTeacher,
  type CachedTeacherOptions,
  cachedTeacher,
} from './cachedTeacher.ts';
export { calibrated } from './calibrated.ts';
export { type EnsembleOptions, ensemble } from './ensemble.ts';
export { type AskFunction, type FromFunctionOptions, fromFunction } from './fromFunction.ts';
export type { AudioInput } from './input/audioOptions.ts';
export type { ImageInput } from './input/imageOptions.ts';
export { inputPresets } from './input/inputPresets.ts';
export type { ModelInput } from './input/modelInput.ts';
export type { ExternalData } from './load/fetchModel.ts';
export type { ModelSource } from './load/fetchModelSource.ts';
export type { LoadedTeacherOptions } from './loadedOptions.ts';
export { type LoadEvent, loadTeacher } from './onnx.ts';
export type { LoadTeacherOptions } from './onnxOptions.ts';
export { type ReadOutputs, type ReadSpec, type SumOverTimeOptions, sumOverTime } from './read.ts';
export { readSteps } from './readSteps.ts';
export type { ReadStepsOptions } from './readStepsOptions.ts';
export { type RecurrentOptions, sileroVad } from './recurrentOptions.ts';
export type { SizeFigure } from './session/batchSizes.ts';
export type { DeviceOption } from './session/devices.ts';
export type { OrtSessionOptions } from './session/ortSessionOptions.ts';
export { snapshot } from './snapshot.ts';
export type { Teacher, TeacherDescription, TeacherDevice, TeacherUsage } from './teacher.ts';
export type { TfjsGraphModel, TfjsHandler, TfjsSource } from './tfjs/tfjsSource.ts';
export { loadTfjsTeacher, type TfjsTeacherOptions } from './tfjsTeacher.ts';
