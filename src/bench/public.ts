export { detectEnvironment } from './detectEnvironment.ts';
export type { Environment } from './environment.ts';
export type { BenchEvent, BenchKey, BenchReport, BenchRow, WorkloadName } from './report.ts';
export type { BenchBackend, BenchModel, Subject } from './subject.ts';
