export { benchmark } from './benchmark.ts';
export type { BenchmarkOptions } from './benchmarkOptions.ts';
export { detectEnvironment } from './detectEnvironment.ts';
export type { Environment } from './environment.ts';
export {
  type FitBudgetOptions,
  type FittedStudent,
  fitBudget,
  type TriedStudent,
  type WidthsOptions,
} from './fitBudget.ts';
export { type CompareSettings, type Comparison, compareRounds } from './method/compareRounds.ts';
export type { Measured } from './method/measured.ts';
export { type MeasureSettings, measureSubjects } from './method/measureSubjects.ts';
export { type Summary, summarize } from './method/summarize.ts';
export { benchBackend, usualBackends } from './namedBackends.ts';
export { type ComparedRow, compareReports, type ReportComparison } from './report/compareReports.ts';
export { parseReport } from './report/parseReport.ts';
export { toCsv } from './report/toCsv.ts';
export { toMarkdown } from './report/toMarkdown.ts';
export type { BenchEvent, BenchKey, BenchReport, BenchRow, WorkloadName } from './report.ts';
export { standardSet, TINY_TASKS, type TinyTask } from './standardSet.ts';
export type { StudentCost } from './studentCost.ts';
export type { BenchBackend, BenchModel, Subject } from './subject.ts';
export { type Sweep, type SweepOptions, type SweepPoint, sweep } from './sweep.ts';
