// What the package exports of this folder.
export type { EngineName } from './engine.ts';
export {
  type LoadedStudent,
  type LoadedStudentDescription,
  type LoadStudentOptions,
  loadStudent,
  type Prediction,
} from './loadStudent.ts';
export type { EngineWorker } from './openEngine.ts';
export type { PredictInputs } from './predictInputs.ts';
export type { PredictSource } from './readSource.ts';
