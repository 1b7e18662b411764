export { benchmark } from './benchmark.ts';
export type { BenchmarkOptions } from './benchmarkOptions.ts';
export type { Environment } from './environment.ts';
export { benchBackend } from './namedBackends.ts';
export type { BenchEvent, BenchKey, BenchReport, BenchRow, WorkloadName } from './report.ts';
export type { BenchBackend, BenchModel, Subject } from './subject.ts';
