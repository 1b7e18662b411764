// Reports that tests make up: of given figures, or of a machine with noise.
import { type Random, seededRandom } from '../../core/random.ts';
import { median, medianDeviation, quantile } from '../../core/stats.ts';
import { VERSIONS } from '../../core/versions.ts';
import type { Environment } from '../environment.ts';
import type { BenchReport, BenchRow } from '../report.ts';

export function environment(changes: Partial<Environment> = {}): Environment {
  return {
    engine: 'Chromium 156',
    os: 'Linux',
    cores: 4,
    isIsolated: true,
    simdLevel: 'relaxed',
    vectorPeakGflops: 20,
    clockMs: 0.005,
    versions: VERSIONS,
    why: {},
    ...changes,
  };
}

/** A row of rounds about `ms`, which differ by less than a thousandth. */
export function row(changes: Partial<BenchRow> & { readonly ms?: number } = {}): BenchRow {
  const { ms = 2, batch = 1, ...rest } = changes;
  return {
    workload: 'inference',
    model: 'mlp',
    backend: 'kernels',
    threads: 1,
    batch,
    medianMs: ms,
    intervalMs: [0.99 * ms, 1.01 * ms],
    p90Ms: 1.2 * ms,
    p99Ms: 1.5 * ms,
    spreadFraction: 0.02,
    examplesPerSecond: (1000 * batch) / ms,
    runs: 200,
    warmUps: 5,
    roundsMs: Array.from({ length: 20 }, (_, i) => ms * (1 + (i % 7) / 10_000)),
    sampleMs: [ms, 1.1 * ms],
    isRight: true,
    notices: [],
    ...rest,
  };
}

/** A row that says why it has no figures, as it comes out of JSON. */
export function skippedRow(changes: Partial<BenchRow> = {}): BenchRow {
  const none = Number.NaN;
  return {
    ...row(changes),
    ...{ medianMs: none, intervalMs: [none, none], p90Ms: none, p99Ms: none, spreadFraction: none },
    ...{ examplesPerSecond: none, runs: 0, warmUps: 0, roundsMs: [], sampleMs: [], isRight: false },
    skipped: 'This browser offers no WebGPU here.',
    ...changes,
  };
}

export function report(rows: readonly BenchRow[], changes: Partial<BenchReport> = {}): BenchReport {
  return {
    format: 'limbeck-bench',
    version: 1,
    date: '2026-12-01T06:00:00.000Z',
    environment: environment(),
    settings: { budgetMs: 60_000, seed: 1 },
    rows,
    recommendation: {},
    ...changes,
  };
}

export interface Noise {
  /** Of everything from one time to another. */
  readonly machine: number;
  /** Of a row from one time to another. */
  readonly session: number;
  /** Of a round. */
  readonly round: number;
}

/** Normal, with a heavy tail. */
function noise(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return random() < 0.1 ? 2.5 * normal : normal;
}

/** What such a machine reports of rows that truly take `trueMs`, at a time that the seed decides. */
export function noisyReport(trueMs: readonly number[], { machine, session, round }: Noise, seed: number): BenchReport {
  const random = seededRandom(seed);
  const now = machine * noise(random);
  const rows = trueMs.map((ms, i) => {
    const own = now + session * noise(random);
    const roundsMs = Array.from({ length: 25 }, () => ms * Math.exp(own + round * noise(random)));
    const medianMs = median(roundsMs);
    // Of a median of 25, as the bootstrap has it about.
    const reach = 1.96 * 1.25 * 1.4826 * (medianDeviation(roundsMs) / Math.sqrt(25));
    const intervalMs = [medianMs - reach, medianMs + reach] as const;
    return row({ model: `model ${i}`, ms: medianMs, intervalMs, roundsMs, p90Ms: quantile(roundsMs, 0.9) });
  });
  return report(rows);
}
