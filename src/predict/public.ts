// What the package exports of this folder.
export type { EngineName } from './engine.ts';
export { type Detection, type Detections, detect } from './listen/detect.ts';
export { type Listener, type ListenOptions, listen } from './listen/listen.ts';
export type { DetectOptions } from './listen/listenOptions.ts';
export type { SoundSource } from './listen/openSource.ts';
export type { LoadedStudent, LoadedStudentDescription, Prediction } from './loadedStudent.ts';
export { loadStudent } from './loadStudent.ts';
export type { LoadStudentOptions } from './loadStudentOptions.ts';
export type { EngineWorker } from './openEngine.ts';
export type { PredictInputs } from './predictInputs.ts';
export type { PredictSource } from './readSource.ts';
