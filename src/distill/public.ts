// What the package exports of this folder.
export { acrossSeeds, type SeedsReport } from './acrossSeeds.ts';
export { type ConfidentOptions, confident, confidentIndices } from './confident.ts';
export type { ControlReport } from './controlReport.ts';
export { distill } from './distill.ts';
export type { ControlOptions, DistillOptions } from './distillOptions.ts';
export type { DistillEvent } from './events.ts';
export { type FittedTemperature, fitTemperature, temperatureForEntropy } from './fitTemperature.ts';
export {
  type InspectTeacherEvent,
  type InspectTeacherOptions,
  inspectTeacher,
  type TeacherReport,
} from './inspectTeacher.ts';
export type { Pairs } from './paired.ts';
export type { DistillReport, ReproducibleWith, TeacherEngine } from './report.ts';
export type { RoundEvent } from './rounds.ts';
export type { Distilled } from './runDistill.ts';
export {
  type AssistantChain,
  type AssistantChainOptions,
  assistantChain,
} from './schemes/assistantChain.ts';
export { type BlackBoxOptions, type BlackBoxTaught, blackBox } from './schemes/blackBox.ts';
export { type BornAgain, type BornAgainOptions, bornAgain } from './schemes/bornAgain.ts';
export {
  type GraphTaught,
  type GraphTeacherEvent,
  type GraphTeacherOptions,
  graphTeacher,
} from './schemes/graphTeacher.ts';
export {
  type NoisyStudentEvent,
  type NoisyStudentOptions,
  type NoisyTaught,
  noisyStudent,
} from './schemes/noisyStudent.ts';
export { type OnPolicyEvent, type OnPolicyOptions, type OnPolicyTaught, onPolicy } from './schemes/onPolicy.ts';
export {
  type Adapted,
  type SourceFreeEvent,
  type SourceFreeOptions,
  sourceFree,
} from './schemes/sourceFree.ts';
export { type WithoutForgettingOptions, withoutForgetting } from './schemes/withoutForgetting.ts';
export type { SnapshotOptions } from './snapshots.ts';
export { type Specialist, type Specialists, type SpecialistsOptions, specialists } from './specialists.ts';
export { type StoredAnswersOptions, type StoredTeacher, storedAnswers } from './storedAnswers.ts';
export type { Disagreement, TeacherFigures, TruthFigures } from './teacherReport.ts';
