import './core/dispose.ts';

export { LimbeckError, type LimbeckErrorCode } from './core/errors.ts';
export type { Run } from './core/run.ts';
export { type NamedArrays, type NdArray, ndArray } from './core/shape.ts';

// Platform
export type { BackendDescription, BackendOptions } from './runtime/backends/backend.ts';
export { type Capabilities, detectCapabilities, type SimdLevel } from './runtime/capabilities.ts';
export type { WorkerOption } from './workers/host.ts';

// Store
export { requestPersistence, type StorageState, storageState } from './storage/storageState.ts';
export { type OpenStoreOptions, openStore, type Store } from './storage/store.ts';

// Dataset
export { fromArrays } from './data/arrays.ts';
export { type AudioLike, type AudioOptions, fromAudio, type Recording } from './data/audio.ts';
export type { Dataset, Examples, InputSpec, LabelledDataset, LabelledExamples } from './data/dataset.ts';
export { fromImages, type ImageLike, type ImagesOptions } from './data/images.ts';
export { fromText, type TextOptions } from './data/text.ts';
export type { TextLike, TokenizerFiles } from './data/tokenize.ts';
export { batches, pick, shuffle, split, take, withoutLabels } from './data/views.ts';

// ONNX files
export type {
  InspectOptions,
  OnnxDescription,
  OnnxLength,
  OnnxNodeDescription,
  OnnxTensorDescription,
} from './onnx/description.ts';
export { inspectOnnx } from './onnx/inspect.ts';
export type { NodeInputTap, NodeOutputTap, Tap, TapPlace, TensorTap } from './onnx/taps.ts';

// Teacher
export type { DeviceOption } from './teacher/session/devices.ts';
export type { AudioInput } from './teacher/input/audioInput.ts';
export type { CachePrecision, Precision } from './teacher/cache/precision.ts';
export {
  type CacheContents,
  type CachedTeacher,
  type CachedTeacherOptions,
  cachedTeacher,
} from './teacher/cachedTeacher.ts';
export { type EnsembleOptions, ensemble } from './teacher/ensemble.ts';
export type { ExternalData, ModelSource } from './teacher/load/fetchModel.ts';
export { type AskFunction, type FromFunctionOptions, fromFunction } from './teacher/fromFunction.ts';
export type { ImageInput } from './teacher/input/imageInput.ts';
export { inputPresets } from './teacher/input/inputPresets.ts';
export type { LogMelOptions } from './teacher/input/melInput.ts';
export type { ModelInput } from './teacher/input/modelInput.ts';
export type { ModelIntegrity } from './teacher/load/integrity.ts';
export { type CachedModel, type ModelCache, type ModelCacheOptions, modelCache } from './teacher/load/modelCache.ts';
export { type LoadEvent, loadTeacher } from './teacher/onnx.ts';
export type { LoadTeacherOptions } from './teacher/onnxOptions.ts';
export { type ReadOutputs, type ReadSpec, type SumOverTimeOptions, sumOverTime } from './teacher/read.ts';
export { type RecurrentOptions, sileroVad } from './teacher/recurrent.ts';
export type { OrtSessionOptions } from './teacher/session/sessionSettings.ts';
export { snapshot } from './teacher/snapshot.ts';
export type { Teacher, TeacherDescription, TeacherDevice, TeacherUsage } from './teacher/teacher.ts';
export type { TfjsArtifacts } from './teacher/tfjs/tfjsModel.ts';
export type { TfjsHandler, TfjsSource } from './teacher/tfjs/tfjsSource.ts';
export { loadTfjsTeacher, type TfjsTeacherOptions } from './teacher/tfjsTeacher.ts';

// Student
export type { StudentSource } from './student/artifacts.ts';
export { artifactsFromFiles, type StudentFiles, type TfjsFiles, toFiles } from './student/files.ts';
export { studentFromModel } from './student/layersModel.ts';
export { parameterCount, type Student, type StudentArtifacts, studentFromArtifacts } from './student/student.ts';
export { type CnnOptions, cnn } from './student/zoo/cnn.ts';
export { type DsCnnOptions, dsCnn } from './student/zoo/dsCnn.ts';
export { type MlpOptions, mlp } from './student/zoo/mlp.ts';
export { type MobilenetV1Options, mobilenetV1 } from './student/zoo/mobilenetV1.ts';
export { type Resnet8Options, resnet8 } from './student/zoo/resnet8.ts';
export { type TransformerTinyOptions, transformerTiny } from './student/zoo/transformerTiny.ts';

// Export and import
export { type BundleOptions, toBundle } from './export/bundle.ts';
export type { ReportFigures } from './export/cardSections.ts';
export { type LatencyFigure, type ModelCardOptions, modelCard } from './export/modelCard.ts';
export {
  type CalibrationMethod,
  type EvaluateOptions,
  type Quantized,
  type QuantizedForm,
  type QuantizeEvent,
  type QuantizeMetric,
  type QuantizeOptions,
  quantize,
} from './export/quantize.ts';
export type { NodeReport, QuantizeReport } from './export/quantize/report.ts';
export { type SafetensorsOptions, toSafetensors } from './export/safetensors.ts';
export { type TfjsModelFiles, type TfjsOptions, toTfjs } from './export/tfjs.ts';
export { toOnnx } from './export/toOnnx.ts';
export type { ToOnnxOptions } from './export/toOnnxOptions.ts';
export type { Bundle, BundleFile, BundleManifest, ReadBundleOptions } from './student/bundle.ts';
export { type FromOnnxOptions, fromOnnx } from './student/fromOnnx.ts';
export { type FromSafetensorsOptions, fromSafetensors } from './student/fromSafetensors.ts';
export { readBundle } from './student/readBundle.ts';

// Running a student
export type { EngineName } from './predict/engine.ts';
export type { EngineWorker } from './predict/openEngine.ts';
export {
  type LoadedStudent,
  type LoadedStudentDescription,
  type LoadStudentOptions,
  loadStudent,
  type Prediction,
} from './predict/loadStudent.ts';
export type { PredictInputs } from './predict/predictInputs.ts';
export type { PredictSource } from './predict/readSource.ts';

// Loss
export { type ContrastiveOptions, contrastive } from './losses/contrastive.ts';
export { type CorrelationCongruenceOptions, correlationCongruence } from './losses/correlationCongruence.ts';
export { type HardDarkRankOptions, hardDarkRank } from './losses/hardDarkRank.ts';
export { type InstanceGraphOptions, instanceGraph } from './losses/instanceGraph.ts';
export { type LocalStructureOptions, localStructure } from './losses/localStructure.ts';
export { type MultiHeadRelationOptions, multiHeadRelation } from './losses/multiHeadRelation.ts';
export type { PairOptions } from './losses/pairs.ts';
export { probabilityTransfer } from './losses/probabilityTransfer.ts';
export { relationAngle } from './losses/relationAngle.ts';
export { relationDistance } from './losses/relationDistance.ts';
export { similarity } from './losses/similarity.ts';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.ts';
export type { Loss, LossTensors } from './losses/loss.ts';
export { type SoftTargetsOptions, softTargets } from './losses/softTargets.ts';
export { type ExampleWeightedOptions, exampleWeighted } from './losses/exampleWeighted.ts';
export {
  byStep,
  constant,
  cosine,
  linear,
  type Schedule,
  type Span,
  type SpanOptions,
  sigmoidRamp,
  warmUp,
} from './losses/schedule.ts';
export { uncertaintyWeighted } from './losses/uncertaintyWeighted.ts';
export { type WeightedTerm, weighted } from './losses/weighted.ts';
export type { BalancedTerm, BalanceEvent, BalanceOptions } from './train/balance.ts';

// Metric and training
export { type Metric, type MetricInputs, measure } from './train/metric.ts';
export type { OptimizerName, OptimizerOptions } from './train/optimizer.ts';
export { openTrainer, type Trainer, type TrainerOptions } from './train/trainer.ts';

export type { QuantizationAwareOptions, QuantizationReport } from './train/quantizationAware.ts';

// Verbs
export { type DistillOptions, type Distilled, distill } from './distill/distill.ts';
export type { DistillEvent } from './distill/events.ts';
export type { DistillReport } from './distill/report.ts';
