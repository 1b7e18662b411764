import type { BenchReport, BenchRow } from '../report.ts';

type Cell = string | number | boolean | undefined;

const COLUMNS: Readonly<Record<string, (row: BenchRow) => Cell>> = {
  workload: (row) => row.workload,
  model: (row) => row.model,
  backend: (row) => row.backend,
  threads: (row) => row.threads,
  simdLevel: (row) => row.simdLevel,
  batch: (row) => row.batch,
  medianMs: (row) => row.medianMs,
  lowMs: (row) => row.intervalMs[0],
  highMs: (row) => row.intervalMs[1],
  p90Ms: (row) => row.p90Ms,
  p99Ms: (row) => row.p99Ms,
  spreadFraction: (row) => row.spreadFraction,
  examplesPerSecond: (row) => row.examplesPerSecond,
  runs: (row) => row.runs,
  warmUps: (row) => row.warmUps,
  peakBytes: (row) => row.peakBytes,
  isRight: (row) => row.isRight,
  errorFraction: (row) => row.errorFraction,
  skipped: (row) => row.skipped,
  notices: (row) => row.notices.join(' '),
};

/** The rows of a report as CSV (RFC 4180) under a line of headings; unknown figures are empty. */
export function toCsv({ rows }: BenchReport): string {
  const lines = rows.map((row) => Object.values(COLUMNS).map((cell) => cellText(cell(row))));
  return [Object.keys(COLUMNS), ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell);
  // A spreadsheet would compute what begins so.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
