export { detectEnvironment } from './detectEnvironment.ts';
export type { Environment } from './environment.ts';
export { type CompareSettings, type Comparison, compareRounds } from './method/compareRounds.ts';
export type { Measured } from './method/measured.ts';
export { type MeasureSettings, measureSubjects } from './method/measureSubjects.ts';
export { type Summary, summarize } from './method/summarize.ts';
export type { BenchEvent, BenchKey, BenchReport, BenchRow, WorkloadName } from './report.ts';
export type { BenchBackend, BenchModel, Subject } from './subject.ts';
