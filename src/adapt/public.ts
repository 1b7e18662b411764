// What the package exports of this folder.
export type { LearnBudget, LearnOptions } from './budget.ts';
export type { PersonalizeEvent } from './events.ts';
export type { Verdict } from './guard/guard.ts';
export type { GuardMetric, GuardOptions } from './guard/guardOptions.ts';
export type { BeforeAfter, Compared, Judged } from './guard/judged.ts';
export type { KeepOptions } from './keepOptions.ts';
export type { LabelFindings, LabelOutlier } from './labelSanity.ts';
export type { Method } from './method.ts';
export type { MethodSteps } from './methodSteps.ts';
export { biasOnly } from './methods/biasOnly.ts';
export { type EntropyMinimisationOptions, entropyMinimisation } from './methods/entropyMinimisation.ts';
export { full } from './methods/full.ts';
export { type HeadOnlyOptions, headOnly } from './methods/headOnly.ts';
export { type KnnOptions, knn } from './methods/knn.ts';
export { type LoraOptions, lora } from './methods/lora.ts';
export { type NormStatisticsOptions, normStatistics } from './methods/normStatistics.ts';
export { type PrototypesOptions, prototypes } from './methods/prototypes.ts';
export { listOnnxWeights, patchOnnx } from './onnx/patchOnnx.ts';
export { type OnnxBytes, personalizeOnnx } from './onnx/personalizeOnnx.ts';
export type { PersonalizeOnnxOptions } from './onnx/personalizeOnnxOptions.ts';
export type {
  ChangedWeight,
  PersonalizedOnnx,
  PersonalizeOnnxEvent,
  PersonalizeOnnxReport,
  TapFigures,
} from './onnx/personalizeOnnxReport.ts';
export { personalize } from './personalize.ts';
export type { LearningOptions, PatchOptions, PersonalizeOptions } from './personalizeOptions.ts';
export type { PersonalizeReport, PrivacySpent } from './personalizeReport.ts';
export { noiseFor, privacySpent } from './privacy/accountant.ts';
export type { PrivateSpend } from './privacy/composed.ts';
export type { LastingPrivacyOptions } from './privacy/lastingPrivacy.ts';
export type { PrivacyOptions } from './privacy/privacyOptions.ts';
export type { IdleOptions } from './profile/idle.ts';
export { destroyProfile, listProfiles } from './profile/listProfiles.ts';
export { openProfile } from './profile/openProfile.ts';
export type { LearnerPrivacy, PrivacyTotal, ProfileSpend, VersionPrivacy } from './profile/privacy.ts';
export type {
  ExampleInput,
  Forgotten,
  Keeps,
  KeptExample,
  KeptExamples,
  LearnEvent,
  LearnProgress,
  LearnReport,
  LearnResult,
  Profile,
  ProfileContents,
  ProfileEvent,
  ProfileLearner,
  ProfilePrediction,
  ProfileVersion,
} from './profile/profile.ts';
export type { ProfileOptions } from './profile/settings.ts';
export { type StudentLearnerOptions, studentLearner } from './profile/studentLearner.ts';
export type { PersonalPatch } from './runPersonalize.ts';
