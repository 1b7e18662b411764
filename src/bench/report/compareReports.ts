import { countOf, times } from '../../core/figures.ts';
import { medianDeviation } from '../../core/stats.ts';
import type { BenchKey, BenchReport, BenchRow } from '../report.ts';
import { environmentChanges, isSameDevice } from './environmentChanges.ts';
import { LEAST_CROWD, type MachineShift, machineShift } from './machineShift.ts';
import { costOf, hasRun, keyOf, placeName } from './rowNames.ts';

/** A row that both reports have. */
export interface ComparedRow extends BenchKey {
  /** How many times as long it takes in the second report, the machine's own difference taken out; NaN if it did not run in both. */
  readonly ratio: number;
  /** In which the ratio lies, with what a machine may differ by from one time to another. */
  readonly interval: readonly [low: number, high: number];
  /**
   * Of the second report: faster or slower beyond what the machine differs by; equal within it; unsure if only the interval reaches
   * as far; broken if it ran and is wrong or does not run any more; mended the other way round; idle if it ran in neither.
   */
  readonly verdict: 'faster' | 'slower' | 'equal' | 'unsure' | 'broken' | 'mended' | 'idle';
}

/** What two reports say of one another. */
export interface ReportComparison {
  readonly verdict: 'equal' | 'different' | 'incomparable';
  /** The verdict, in a sentence. */
  readonly sentence: string;
  readonly rows: readonly ComparedRow[];
  /** Rows that only the first report has, or only the second. */
  readonly onlyInFirst: readonly BenchKey[];
  readonly onlyInSecond: readonly BenchKey[];
  /** How many times as long everything took the second time, which is taken for the machine's own difference. */
  readonly machineRatio: number;
  /** Whether both seem to be of one device; otherwise nothing is taken for the machine's. */
  readonly isSameDevice: boolean;
  /** What differs between the environments, a sentence each. */
  readonly environmentChanges: readonly string[];
}

/** Reports tell 95 % intervals; what is claimed here is claimed with 99 %. */
const WIDER = 2.576 / 1.96;
/** Standard deviations of the crowd that a row may lie from it. */
const DEVIATIONS = 5;
/** Times the spread of its own rounds that a row may move between two times. */
const SPREADS = 2;
/** Two times differ by this much even where nothing shows it. */
const FLOOR = Math.log(1.05);
/** The same where there are too few rows to tell. */
const LONELY_FLOOR = Math.log(1.2);

/**
 * Compares two reports row by row. Their rounds are not paired, and a machine is never as fast twice: what the rows have in
 * common is taken for the machine's, and a row counts as faster or slower only if it leaves what its own rounds, both intervals and
 * the other rows make likely. To find small differences, measure both sides in one benchmark.
 */
export function compareReports(first: BenchReport, second: BenchReport): ReportComparison {
  const { pairs, onlyInFirst, onlyInSecond } = paired(first.rows, second.rows);
  const isSame = isSameDevice(first.environment, second.environment);
  const ran = pairs.filter(([a, b]) => hasRun(a) && hasRun(b));
  const peaks = [first, second].map(({ environment }) => environment.vectorPeakGflops ?? Number.NaN);
  const logs = ran.map(([a, b]) => Math.log(costOf(b) / costOf(a)));
  const crowd = machineShift(logs, Math.log((peaks[0] as number) / (peaks[1] as number)));
  const shift = isSame ? crowd : { log: 0, deviation: 0 };
  const isLonely = ran.length < LEAST_CROWD;
  const rows = pairs.map(([a, b]) => comparedRow(a, b, shift, isLonely ? LONELY_FLOOR : FLOOR));
  const isDifferent = rows.some(({ verdict }) => !['equal', 'unsure', 'idle'].includes(verdict));
  const verdict = isDifferent ? 'different' : ran.length === 0 ? 'incomparable' : 'equal';
  const comparison = {
    verdict,
    rows,
    onlyInFirst: onlyInFirst.map(benchKey),
    onlyInSecond: onlyInSecond.map(benchKey),
    machineRatio: Math.exp(shift.log),
    isSameDevice: isSame,
    environmentChanges: environmentChanges(first.environment, second.environment),
  } as const;
  return { ...comparison, sentence: sentenceOf(comparison) };
}

/** Rows of the same key, in the order of the second report; where a key comes twice, in their order. */
function paired(first: readonly BenchRow[], second: readonly BenchRow[]) {
  const waiting = new Map<string, BenchRow[]>();
  for (const row of first) {
    const same = waiting.get(keyOf(row));
    if (same === undefined) waiting.set(keyOf(row), [row]);
    else same.push(row);
  }
  const pairs: [BenchRow, BenchRow][] = [];
  const onlyInSecond: BenchRow[] = [];
  for (const row of second) {
    const before = waiting.get(keyOf(row))?.shift();
    if (before === undefined) onlyInSecond.push(row);
    else pairs.push([before, row]);
  }
  return { pairs, onlyInFirst: [...waiting.values()].flat(), onlyInSecond };
}

function benchKey({ workload, model, backend, threads, simdLevel, batch }: BenchKey): BenchKey {
  return { workload, model, backend, threads, ...(simdLevel !== undefined && { simdLevel }), batch };
}

function comparedRow(a: BenchRow, b: BenchRow, { log, deviation }: MachineShift, floor: number): ComparedRow {
  const key = benchKey(b);
  const unknown = { ratio: Number.NaN, interval: [Number.NaN, Number.NaN] } as const;
  if (!hasRun(a) || !hasRun(b)) {
    return { ...key, ...unknown, verdict: hasRun(a) ? 'broken' : hasRun(b) ? 'mended' : 'idle' };
  }
  const own = Math.log(costOf(b) / costOf(a)) - log;
  const guard = Math.max(floor, DEVIATIONS * deviation, SPREADS * Math.max(spreadOf(a), spreadOf(b)));
  const reach = Math.hypot(guard, WIDER * Math.hypot(halfWidth(a), halfWidth(b)));
  const verdict = own > reach ? 'slower' : own < -reach ? 'faster' : Math.abs(own) > guard ? 'unsure' : 'equal';
  return { ...key, ratio: Math.exp(own), interval: [Math.exp(own - reach), Math.exp(own + reach)], verdict };
}

/** Of the logarithm; 0 where there is no interval, as of memory. */
function halfWidth({ intervalMs: [low, high], workload }: BenchRow): number {
  const half = Math.log(high / low) / 2;
  return workload !== 'memory' && Number.isFinite(half) ? half : 0;
}

/** Standard deviation of the logarithms of its rounds, as far as a few rounds that stand out do not count. */
function spreadOf({ roundsMs, workload }: BenchRow): number {
  const logs = roundsMs.map(Math.log).filter(Number.isFinite);
  return workload === 'memory' || logs.length < 3 ? 0 : 1.4826 * medianDeviation(logs);
}

function sentenceOf(comparison: Omit<ReportComparison, 'sentence'>): string {
  const { verdict, rows, machineRatio, isSameDevice: isSame, environmentChanges: changes } = comparison;
  const devices = isSame ? '' : `These seem to be different devices (${changes.join('; ')}). `;
  if (verdict === 'incomparable') return `${devices}No row ran in both reports, so nothing can be compared.`;
  const machine =
    Math.abs(Math.log(machineRatio)) > Math.log(1.03)
      ? ` Everything took ${times(machineRatio)} times as long the second time, which is taken for the machine.`
      : '';
  if (verdict === 'equal') {
    const unsure = rows.filter((row) => row.verdict === 'unsure').length;
    const doubt = unsure === 0 ? '' : `, though ${unsure} of them might`;
    const ran = rows.filter((row) => row.verdict !== 'idle').length;
    return `${devices}Equal: none of ${countOf(ran, 'row')} differs by more than the machine may by itself${doubt}.${machine}`;
  }
  const kinds = (['slower', 'faster', 'broken', 'mended'] as const).flatMap((kind) => {
    const count = rows.filter((row) => row.verdict === kind).length;
    return count === 0 ? [] : [`${count} ${KINDS[kind]}`];
  });
  return `${devices}Different: of ${countOf(rows.length, 'row')} ${kinds.join(', ')}; ${mostChanged(rows)}.${machine}`;
}

const KINDS = { slower: 'slower', faster: 'faster', broken: 'wrong or not running any more', mended: 'running again' };

function mostChanged(rows: readonly ComparedRow[]): string {
  const told = rows.filter(({ verdict }) => verdict !== 'equal' && verdict !== 'unsure' && verdict !== 'idle');
  const weight = ({ ratio, verdict }: ComparedRow) =>
    verdict === 'broken' ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio)) || 0;
  const most = told.reduce((best, row) => (weight(row) > weight(best) ? row : best));
  const what = `${most.workload} of ${most.model} on ${placeName(most)}`;
  if (Number.isNaN(most.ratio)) return `${what} ${most.verdict === 'broken' ? 'is broken' : 'works again'}`;
  const [low, high] = most.interval;
  return `most of all ${what}: ${times(most.ratio)} times as long (${times(low)} to ${times(high)})`;
}

/** Rows that are surely slower by more than a fraction, or broken: what a build server fails for. */
export function regressions({ rows }: ReportComparison, fraction: number): readonly ComparedRow[] {
  return rows.filter(({ verdict, ratio }) => verdict === 'broken' || (verdict === 'slower' && ratio > 1 + fraction));
}
