import type { ReportComparison } from '../../bench/report/compareReports.ts';
import { backendName, notesOf } from '../../bench/report/rowNames.ts';
import { environmentText } from '../../bench/report/toMarkdown.ts';
import type { BenchReport } from '../../bench/report.ts';
import { count, duration, figures, percent, span, times } from '../../core/figures.ts';
import { reportText } from '../printable.ts';
import { table } from '../table.ts';

const COLUMNS = [
  { heading: 'workload' },
  { heading: 'model' },
  { heading: 'backend' },
  { heading: 'threads', isNumber: true },
  { heading: 'batch', isNumber: true },
  { heading: 'median', isNumber: true },
  { heading: '95 % interval', isNumber: true },
  { heading: 'p90', isNumber: true },
  { heading: 'examples/s', isNumber: true },
  { heading: '' },
];
/** What a terminal shows of a note. */
const NOTE = 90;

/** A report for a terminal. */
export function benchText({ environment, rows, recommendation }: BenchReport): string {
  const lines = rows.map((row) => [
    ...[row.workload, row.model, `${backendName(row.backend)}${row.simdLevel === 'simd' ? ' (simd)' : ''}`],
    ...[count(row.threads), count(row.batch), duration(row.medianMs)],
    ...[span(row.intervalMs, duration), duration(row.p90Ms), figures(row.examplesPerSecond)],
    shortened(notesOf(row)),
  ]);
  return reportText([
    [environment.engine, ...environmentText(environment).map((fact) => `  ${fact}`)],
    table(COLUMNS, lines),
    Object.entries(recommendation).map(([what, says]) => `${what}: ${says}`),
  ]);
}

function shortened(text: string): string {
  return text.length > NOTE ? `${text.slice(0, NOTE)}…` : text;
}

const COMPARED = [
  { heading: 'workload' },
  { heading: 'model' },
  { heading: 'backend' },
  { heading: 'threads', isNumber: true },
  { heading: 'batch', isNumber: true },
  { heading: 'times as long', isNumber: true },
  { heading: 'interval', isNumber: true },
  { heading: '' },
];

/** What two reports say of one another, for a terminal. */
export function comparisonText(comparison: ReportComparison): string {
  const { rows, onlyInFirst, onlyInSecond, environmentChanges, sentence } = comparison;
  const lines = rows.map(({ workload, model, backend, threads, batch, ratio, interval, verdict }) => [
    ...[workload, model, backendName(backend), count(threads), count(batch)],
    ...[times(ratio), span(interval, times), verdict],
  ]);
  const alone = [
    ...(onlyInFirst.length === 0 ? [] : [`${count(onlyInFirst.length)} only in the first report.`]),
    ...(onlyInSecond.length === 0 ? [] : [`${count(onlyInSecond.length)} only in the second report.`]),
  ];
  return reportText([lines.length === 0 ? [] : table(COMPARED, lines), alone, [...environmentChanges], [sentence]]);
}

/** "5 %" of what counts as slower, and how many rows are. */
export function regressionText(found: number, fraction: number): string {
  return found === 0
    ? `No row is surely more than ${percent(fraction)} slower.\n`
    : `${count(found)} ${found === 1 ? 'row is' : 'rows are'} more than ${percent(fraction)} slower, or broken.\n`;
}
