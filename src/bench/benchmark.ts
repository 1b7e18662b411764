import { later } from '../core/later.ts';
import { type Run, startRun } from '../core/run.ts';
import { type BenchmarkOptions, readBenchmarkOptions } from './benchmarkOptions.ts';
import type { BenchEvent, BenchReport } from './report.ts';

/**
 * Measures on this device which backend is fastest for a model: side by side, by rounds, each in a fresh worker, with intervals.
 * Numbers that differ from the reference's make a row wrong, never fast; what cannot run, fails or hangs costs its own row only,
 * which says why. Rows are sent again about every second while they are measured.
 * Throws    invalid-option: no model · an unknown backend · a budget that is too small for anything · model-unreachable ·
 *           invalid-onnx · student-invalid · AbortError
 *
 * @example
 * const run = benchmark({ models: [{ name: 'teacher', onnx: '/models/teacher.onnx' }], budgetMs: 30_000 });
 * for await (const row of run) console.log(row.backend, row.threads, row.medianMs, row.skipped ?? '');
 * const { recommendation } = await run.done;
 */
export function benchmark(options: BenchmarkOptions): Run<BenchReport, BenchEvent> {
  return startRun(async (emit, signal) => {
    const settings = readBenchmarkOptions(options);
    const { runBenchmark } = await later(import('./runBenchmark.ts'));
    return runBenchmark(settings, emit, signal);
  }, options?.signal);
}
