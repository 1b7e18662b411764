import type { SimdLevel } from '../runtime/capabilities.ts';
import type { Environment } from './environment.ts';

/** What is timed. */
export type WorkloadName =
  | 'inference'
  | 'train-step'
  | 'distillation-step'
  | 'personalization'
  | 'cold-start'
  | 'memory';

/** What tells one row of a report from another; two reports are compared row by row where these agree. */
export interface BenchKey {
  readonly workload: WorkloadName;
  readonly model: string;
  /** Such as 'kernels', 'onnxruntime-wasm' or 'tfjs-webgl'; see `BenchBackend`. */
  readonly backend: string;
  readonly threads: number;
  readonly simdLevel?: SimdLevel;
  /** Examples in one pass. */
  readonly batch: number;
}

/** What one backend needed for one workload. Times are milliseconds of one pass over a batch; of `memory` see `peakBytes`. */
export interface BenchRow extends BenchKey {
  /** The median of the counted passes. NaN in a skipped row, which is null in JSON; so are the other figures. */
  readonly medianMs: number;
  /** The interval in which the median lies with 95 % confidence, [low, high], by bootstrap over the rounds. */
  readonly intervalMs: readonly [number, number];
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Median absolute deviation from the median, as a fraction of it. */
  readonly spreadFraction: number;
  /** Examples a second at the median. */
  readonly examplesPerSecond: number;
  /** Passes that count, and passes before them that did not, because the process was still warming up. */
  readonly runs: number;
  readonly warmUps: number;
  /**
   * The lower quartile of each round, by which rows are compared (`compareRounds`), in the order of the rounds; NaN for a round
   * without a pass. Rows of one model share their rounds.
   */
  readonly roundsMs: readonly number[];
  /** At most 200 of the counted passes, evenly drawn, for charts. */
  readonly sampleMs: readonly number[];
  /** Highest bytes of the backend's heap or of the process while it ran, where they can be known. */
  readonly peakBytes?: number;
  /** What the open model holds of it, where that can be known: tfjs's tensors, or what onnxruntime's heap has grown by. */
  readonly sessionBytes?: number;
  /** Whether its numbers are the reference's; a row that is wrong has no share in a recommendation. */
  readonly isRight: boolean;
  /**
   * The largest difference from the reference, as a fraction of the reference's range; NaN where it gave no numbers. Only of rows that
   * are right, or wrong by their numbers.
   */
  readonly errorFraction?: number;
  /** Why it could not run, failed, was ended, or is wrong: one sentence. */
  readonly skipped?: string;
  /** Sentences that whoever reads the figure should know: drift, throttling, a coarse clock, fewer threads than asked for. */
  readonly notices: readonly string[];
}

/** One measurement of a device, as JSON. `src/bench/report/` reads, writes, prints and compares it. */
export interface BenchReport {
  readonly format: 'limbeck-bench';
  readonly version: 1;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly environment: Environment;
  readonly settings: { readonly budgetMs: number; readonly seed: number };
  readonly rows: readonly BenchRow[];
  /** Which backend to take for a model, a sentence for each workload, keyed `model` or `model, workload`. */
  readonly recommendation: Readonly<Record<string, string>>;
}

/** A row as it is so far: every round sends the rows that it measured again, and the last time with `isFinal`. */
export interface BenchEvent extends BenchRow {
  readonly type: 'row';
  readonly isFinal: boolean;
  /** How much of the whole benchmark is done. */
  readonly doneFraction: number;
}
