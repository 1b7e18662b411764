import { LimbeckError } from '../core/errors.ts';
import { countOf, duration } from '../core/figures.ts';
import type { BenchmarkSettings } from './benchmarkOptions.ts';
import { detectEnvironment } from './detectEnvironment.ts';
import { keepFindings } from './keepFindings.ts';
import { type Group, measureGroup } from './measureGroup.ts';
import { benchBackend, usualBackends } from './namedBackends.ts';
import { recommend } from './report/recommend.ts';
import type { BenchEvent, BenchReport, BenchRow, WorkloadName } from './report.ts';
import type { BenchBackend, BenchModel } from './subject.ts';
import { workloads } from './workloads.ts';

/** For a model and a workload at least: workers start, and a few rounds are taken. */
const LEAST_MS = 1000;

/** The run of checked options. Throws what `benchmark` throws */
export async function runBenchmark(
  settings: BenchmarkSettings,
  emit: (event: BenchEvent) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  const { budgetMs, mostRounds, seed } = settings;
  const named = settings.backends ?? (await usualBackends());
  const backends = await Promise.all(named.map((one) => (typeof one === 'string' ? benchBackend(one) : one)));
  requireDistinct(backends);
  const groups = groupsOf(settings, backends);
  const leastMs = LEAST_MS * groups.length;
  if (budgetMs < leastMs) {
    throw new LimbeckError(
      'invalid-option',
      `"budgetMs" was ${duration(budgetMs)}; ${countOf(groups.length, 'measurement')} of models, workloads and batches need at least ` +
        `${duration(leastMs)}. Give more, or measure less.`,
      { details: { name: 'budgetMs', given: budgetMs, least: leastMs } },
    );
  }
  const environment = await detectEnvironment();
  const began = performance.now();
  const rows: BenchRow[] = [];
  const failures: unknown[] = [];
  for (const [i, group] of groups.entries()) {
    // What one leaves, the others share; what one overdraws is not taken from them.
    const leftMs = budgetMs - (performance.now() - began);
    const share = Math.max(budgetMs / groups.length, leftMs / (groups.length - i));
    const tell = (some: readonly BenchRow[], fraction: number, isFinal: boolean) => {
      const doneFraction = (i + fraction) / groups.length;
      for (const row of some) emit({ ...row, type: 'row', isFinal, doneFraction });
    };
    const measured = await measureGroup(group, {
      ...{ seed, signal, mostRounds, budgetMs: share },
      onRows: (some, fraction) => tell(some, fraction, false),
    });
    tell(measured.rows, 1, true);
    rows.push(...measured.rows);
    failures.push(measured.failure);
  }
  // One file that cannot be read leaves the others their rows; where there is nothing else, it is the caller's to hear of.
  if (failures.every((failure) => failure !== undefined)) throw failures[0];
  if (settings.keep) await keepFindings(settings.models, rows, signal);
  return {
    format: 'limbeck-bench',
    version: 1,
    date: new Date().toISOString(),
    environment,
    settings: { budgetMs, seed },
    rows,
    recommendation: recommend(rows),
  };
}

/** Throws    invalid-option: two backends that rows could not tell apart */
function requireDistinct(backends: readonly BenchBackend[]): void {
  const seen = new Set<string>();
  for (const { name, threads, simdLevel = '' } of backends) {
    const key = `${name}:${threads}:${simdLevel}`;
    if (seen.has(key)) {
      throw new LimbeckError(
        'invalid-option',
        `"backends" has "${name}" with ${countOf(threads, 'thread')} twice; name one of them differently.`,
        {
          details: { name: 'backends', given: key },
        },
      );
    }
    seen.add(key);
  }
}

/** Throws    invalid-option: no model suits any of the workloads */
function groupsOf({ models, batchSizes, ...settings }: BenchmarkSettings, backends: readonly BenchBackend[]): Group[] {
  const groups = models.flatMap((model) =>
    (settings.workloads ?? usualWorkloads(model)).flatMap((name) => {
      const workload = workloads[name];
      if (!workload.suits(model)) return [];
      const sizes = batchSizes ?? model.batches ?? [workload.batch(model)];
      const each: readonly Group['batch'][] = sizes === 'best' ? [sizes] : sizes;
      return each.map((batch) => ({ workload, model, backends, batch }));
    }),
  );
  if (groups.length > 0) return groups;
  throw new LimbeckError('invalid-option', '"workloads" names only what trains, and no model has a "student".', {
    details: { name: 'workloads', given: settings.workloads },
  });
}

function usualWorkloads({ student }: BenchModel): readonly WorkloadName[] {
  return student === undefined ? ['inference'] : ['inference', 'train-step'];
}
