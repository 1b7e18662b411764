export { detectEnvironment } from './detectEnvironment.ts';
export type { Environment } from './environment.ts';
export { type ComparedRow, compareReports, type ReportComparison, regressions } from './report/compareReports.ts';
export { parseReport } from './report/parseReport.ts';
export { recommend } from './report/recommend.ts';
export { toCsv } from './report/toCsv.ts';
export { toMarkdown } from './report/toMarkdown.ts';
export type { BenchEvent, BenchKey, BenchReport, BenchRow, WorkloadName } from './report.ts';
export type { BenchBackend, BenchModel, Subject } from './subject.ts';
