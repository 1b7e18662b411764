// For pages that only run a student: no tfjs, no training, and onnxruntime-web only in a worker.
import './core/dispose.ts';

export { LimbeckError, type LimbeckErrorCode } from './core/errors.ts';
export { type NamedArrays, type NdArray, ndArray } from './core/shape.ts';
export type { ModelIntegrity } from './network/integrity.ts';
export type { EngineName } from './predict/engine.ts';
export type { LoadedStudent, LoadedStudentDescription, LoadStudentOptions, Prediction } from './predict/loadStudent.ts';
export { loadStudent } from './predict/loadStudent.ts';
export type { PredictInputs } from './predict/predictInputs.ts';
export type { PredictSource } from './predict/readSource.ts';
