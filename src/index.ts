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
export { encryptedStore, wipe } from './storage/encrypted.ts';
export { destroyKey, type KeyOwner } from './storage/keys.ts';
export type { StoreAccess } from './storage/storeLock.ts';
export { type OpenStoreOptions, openStore } from './storage/openStore.ts';
export type { DamagedValue, Scrubbed, Store } from './storage/store.ts';

// Dataset
export { fromArrays } from './data/arrays.ts';
export { type AudioLike, type AudioOptions, fromAudio, type Recording } from './data/audio.ts';
export type { AugmentOptions } from './data/augment.ts';
export { type AugmentedOptions, augmented } from './data/augmented.ts';
export {
  type Dataset,
  type Examples,
  type InputSpec,
  type LabelledDataset,
  type LabelledExamples,
  UNLABELLED,
} from './data/dataset.ts';
export { type NearestNeighboursOptions, type NeighbourGraph, nearestNeighbours } from './data/graph.ts';
export { type LabelPropagationOptions, labelPropagation } from './data/graphPropagation.ts';
export { fromImages, type ImageLike, type ImagesOptions } from './data/images.ts';
export { joined } from './data/joined.ts';
export { type Mixture, mixedUp } from './data/mixedUp.ts';
export { fromText, type TextOptions } from './data/text.ts';
export type { TextLike, TokenizerFiles } from './data/tokenize.ts';
export { batches, pick, shuffle, split, take, withoutLabels } from './data/views.ts';
export { withExampleWeights } from './data/withExampleWeights.ts';

// ONNX files
export type {
  InspectOptions,
  OnnxDescription,
  OnnxLength,
  OnnxNodeDescription,
  OnnxTensorDescription,
} from './onnx/describe/description.ts';
export { inspectOnnx } from './onnx/describe/inspect.ts';
export type { NodeInputTap, NodeOutputTap, Tap, TapPlace, TensorTap } from './onnx/describe/taps.ts';

// Teacher
export { calibrated } from './teacher/calibrated.ts';
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
export type { ExternalData } from './teacher/load/fetchModel.ts';
export type { ModelSource } from './teacher/load/fetchModelSource.ts';
export { type AskFunction, type FromFunctionOptions, fromFunction } from './teacher/fromFunction.ts';
export type { ImageInput } from './teacher/input/imageInput.ts';
export { inputPresets } from './teacher/input/inputPresets.ts';
export type { LogMelOptions } from './teacher/input/melInput.ts';
export type { ModelInput } from './teacher/input/modelInput.ts';
export type { ModelIntegrity } from './network/integrity.ts';
export { type CachedModel, type ModelCache, type ModelCacheOptions, modelCache } from './teacher/load/modelCache.ts';
export { type LoadEvent, loadTeacher } from './teacher/onnx.ts';
export type { LoadTeacherOptions } from './teacher/onnxOptions.ts';
export { type ReadOutputs, type ReadSpec, type SumOverTimeOptions, sumOverTime } from './teacher/read.ts';
export { type RecurrentOptions, sileroVad } from './teacher/recurrent.ts';
export type { OrtSessionOptions } from './teacher/session/sessionSettings.ts';
export type { SizeFigure } from './teacher/session/batchSizes.ts';
export { snapshot } from './teacher/snapshot.ts';
export type { Teacher, TeacherDescription, TeacherDevice, TeacherUsage } from './teacher/teacher.ts';
export type { TfjsArtifacts } from './teacher/tfjs/tfjsModel.ts';
export type { TfjsHandler, TfjsSource } from './teacher/tfjs/tfjsSource.ts';
export { loadTfjsTeacher, type TfjsTeacherOptions } from './teacher/tfjsTeacher.ts';

// Student
export { type AnswerEarlyOptions, answerEarly, type EarlyAnswers } from './student/answerEarly.ts';
export { type BranchedOptions, branched } from './student/branched.ts';
export { type Cohort, type CohortOptions, cohort } from './student/cohort.ts';
export { type WithExitsOptions, withExits } from './student/withExits.ts';
export { branchOf, withoutExits } from './student/withoutExits.ts';
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

// Patch
export { applyPatch, isPatched, type PatchedStudent, recognizePatched, revertPatch } from './student/applyPatch.ts';
export { baseHash } from './student/baseHash.ts';
export { diffPatch, type DiffPatchOptions } from './student/diffPatch.ts';
export { mergePatches, type MergePatchesOptions, type WeightedPatch } from './student/mergePatches.ts';
export {
  type AddedChange,
  isEmptyPatch,
  type LowRankChange,
  type NeighbourMemory,
  type Patch,
  type WeightChange,
} from './student/patch.ts';
export { patchBytes, patchFromBytes, patchToBytes, type PatchFileOptions } from './student/patchFile.ts';

// Export and import
export { type BundleOptions, toBundle } from './export/bundle.ts';
export type { LatencyFigure, ReportFigures } from './export/cardSections.ts';
export { type ModelCardOptions, modelCard } from './export/modelCard.ts';
export { quantize } from './export/quantize.ts';
export type { NodeReport, Quantized, QuantizeReport } from './export/quantize/report.ts';
export type {
  CalibrationMethod,
  EvaluateOptions,
  QuantizedForm,
  QuantizeEvent,
  QuantizeMetric,
  QuantizeOptions,
} from './export/quantizeOptions.ts';
export { type SafetensorsOptions, toSafetensors } from './export/safetensors.ts';
export { type TfjsModelFiles, type TfjsOptions, toTfjs } from './export/tfjs.ts';
export { toOnnx } from './export/toOnnx.ts';
export type { ToOnnxOptions } from './export/toOnnxOptions.ts';
export type { Bundle, BundleFile, BundleManifest, ReadBundleOptions } from './student/bundle.ts';
export { fromOnnx } from './student/fromOnnx.ts';
export type { FromOnnxOptions } from './student/fromOnnxOptions.ts';
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
export * from './losses/all.ts';
export type { FeaturePairOptions, FeatureProjector } from './losses/featurePair.ts';
export type { Loss, LossParameter, LossReads, LossShapes, LossTensors, Progress } from './losses/loss.ts';
export type { MembersOptions } from './losses/memberDivergences.ts';
export type { PairOptions } from './losses/pairs.ts';
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

// Metric and training
export { type MeasureOptions, measure } from './train/measure.ts';
export type { Metric, MetricInputs, OutputKind } from './train/metric.ts';
export type { OptimizerName, OptimizerOptions } from './train/optimizer.ts';
export type * from './train/parts/options.ts';
export { releaseTrainer } from './train/pageTrainer.ts';
export type { GainedAndLost } from './train/paired.ts';
export { openTrainer, type Trainer, type TrainerOptions } from './train/trainer.ts';

// Verbs
export { acrossSeeds, type SeedsReport } from './distill/acrossSeeds.ts';
export type { ControlReport } from './distill/controlReport.ts';
export { type Distilled, distill } from './distill/distill.ts';
export type { ControlOptions, DistillOptions } from './distill/distillOptions.ts';
export type { DistillEvent } from './distill/events.ts';
export type { Pairs } from './distill/paired.ts';
export type { DistillReport, ReproducibleWith, TeacherEngine } from './distill/report.ts';
export type { RoundEvent } from './distill/rounds.ts';
export type { SnapshotOptions } from './distill/snapshots.ts';

// Personalization
export type { LearnBudget } from './adapt/budget.ts';
export type { GuardMetric, GuardOptions, Verdict } from './adapt/guard.ts';
export type { BeforeAfter, Compared, Judged } from './adapt/judged.ts';
export type { KeepOptions } from './adapt/keep.ts';
export type { LabelFindings, LabelOutlier } from './adapt/labelSanity.ts';
export type { Method } from './adapt/method.ts';
export type { MethodSteps } from './adapt/methodSteps.ts';
export { biasOnly } from './adapt/methods/biasOnly.ts';
export { type EntropyMinimisationOptions, entropyMinimisation } from './adapt/methods/entropyMinimisation.ts';
export { full } from './adapt/methods/full.ts';
export { type HeadOnlyOptions, headOnly } from './adapt/methods/headOnly.ts';
export { type KnnOptions, knn } from './adapt/methods/knn.ts';
export { type LoraOptions, lora } from './adapt/methods/lora.ts';
export { type NormStatisticsOptions, normStatistics } from './adapt/methods/normStatistics.ts';
export { type PrototypesOptions, prototypes } from './adapt/methods/prototypes.ts';
export type { PersonalizeEvent } from './adapt/events.ts';
export { type PersonalPatch, personalize } from './adapt/personalize.ts';
export type { PersonalizeOptions } from './adapt/personalizeOptions.ts';
export type { PersonalizeReport, PrivacySpent } from './adapt/personalizeReport.ts';
export { noiseFor, privacySpent } from './adapt/privacy/accountant.ts';
export type { PrivateSpend } from './adapt/privacy/composed.ts';
export type { LastingPrivacyOptions } from './adapt/privacy/lastingPrivacy.ts';
export type { PrivacyOptions } from './adapt/privacy/privacyOf.ts';

export { destroyProfile, listProfiles } from './adapt/profile/listProfiles.ts';
export { openProfile } from './adapt/profile/openProfile.ts';
export type { IdleOptions } from './adapt/profile/idle.ts';
export type { LearnerPrivacy, PrivacyTotal, ProfileSpend, VersionPrivacy } from './adapt/profile/privacy.ts';
export type {
  ExampleInput,
  Forgotten,
  Keeps,
  KeptExample,
  KeptExamples,
  LearnEvent,
  LearnOptions,
  LearnProgress,
  LearnReport,
  LearnResult,
  Profile,
  ProfileContents,
  ProfileEvent,
  ProfileLearner,
  ProfileOptions,
  ProfilePrediction,
  ProfileVersion,
} from './adapt/profile/profile.ts';
export { type StudentLearnerOptions, studentLearner } from './adapt/profile/studentLearner.ts';
export { listOnnxWeights, patchOnnx } from './adapt/onnx/patchOnnx.ts';
export { type OnnxBytes, personalizeOnnx } from './adapt/onnx/personalizeOnnx.ts';
export type { PersonalizeOnnxOptions } from './adapt/onnx/personalizeOnnxOptions.ts';
export type {
  ChangedWeight,
  PersonalizedOnnx,
  PersonalizeOnnxEvent,
  PersonalizeOnnxReport,
  TapFigures,
} from './adapt/onnx/personalizeOnnxReport.ts';
export type { LowRankDelta } from './onnx/edit/addLowRank.ts';
export type { LayerWeight } from './onnx/describe/listWeights.ts';
export { type ConfidentOptions, confident, confidentIndices } from './distill/confident.ts';
export { type FittedTemperature, fitTemperature, temperatureForEntropy } from './distill/fitTemperature.ts';
export {
  type InspectTeacherEvent,
  type InspectTeacherOptions,
  inspectTeacher,
  type TeacherReport,
} from './distill/inspectTeacher.ts';
export type { Disagreement, TeacherFigures, TruthFigures } from './distill/teacherReport.ts';

// Schemes of several rounds
export {
  type AssistantChain,
  assistantChain,
  type AssistantChainOptions,
} from './distill/schemes/assistantChain.ts';
export { blackBox, type BlackBoxOptions, type BlackBoxTaught } from './distill/schemes/blackBox.ts';
export { type BornAgain, bornAgain, type BornAgainOptions } from './distill/schemes/bornAgain.ts';
export {
  type GraphTaught,
  graphTeacher,
  type GraphTeacherEvent,
  type GraphTeacherOptions,
} from './distill/schemes/graphTeacher.ts';
export {
  noisyStudent,
  type NoisyStudentEvent,
  type NoisyStudentOptions,
  type NoisyTaught,
} from './distill/schemes/noisyStudent.ts';
export {
  type Adapted,
  sourceFree,
  type SourceFreeEvent,
  type SourceFreeOptions,
} from './distill/schemes/sourceFree.ts';
export { withoutForgetting, type WithoutForgettingOptions } from './distill/schemes/withoutForgetting.ts';
export { type Specialist, type Specialists, type SpecialistsOptions, specialists } from './distill/specialists.ts';
export { type StoredAnswersOptions, type StoredTeacher, storedAnswers } from './distill/storedAnswers.ts';
