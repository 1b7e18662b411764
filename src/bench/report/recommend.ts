import { bytes, times } from '../../core/figures.ts';
import { type Comparison, compareRounds } from '../method/compareRounds.ts';
import type { BenchRow, WorkloadName } from '../report.ts';
import { backendName, costOf, familyOf, hasRun, isWrong, placeName } from './rowNames.ts';
import { WORKLOADS } from './schema.ts';

/** A backend with fewer threads or a smaller batch is taken where it is surely no slower, or by less than this where nothing is sure. */
const NO_MATTER = 1.05;

/**
 * Which backend to take for each model, in one sentence: 'kernels, 2 threads, batch 16: 2.7 times as fast as onnxruntime's best
 * here; onnxruntime on WebGPU gives wrong numbers on this device'. Keyed by the model for its first workload, and by
 * 'model, workload' for the others. A backend is compared with the best of another family, by the rounds that they share;
 * rows that are wrong or did not run take no part.
 */
export function recommend(rows: readonly BenchRow[]): Readonly<Record<string, string>> {
  const models = [...new Set(rows.map(({ model }) => model))];
  return Object.fromEntries(
    models.flatMap((model) => {
      const own = rows.filter((row) => row.model === model);
      const workloads = WORKLOADS.filter((workload) => own.some((row) => row.workload === workload));
      return workloads.map((workload, i): [string, string] => [
        i === 0 ? model : `${model}, ${workload}`,
        sentence(
          own.filter((row) => row.workload === workload),
          workload,
        ),
      ]);
    }),
  );
}

function sentence(rows: readonly BenchRow[], workload: WorkloadName): string {
  const right = rows.filter(hasRun);
  const wrong = [...new Set(rows.filter(isWrong).map(({ backend }) => backendName(backend)))];
  const warnings = wrong.map((name) => `; ${name} gives wrong numbers on this device`).join('');
  const [first] = right;
  if (first === undefined) {
    const reason = rows.find((row) => row.skipped !== undefined && !isWrong(row))?.skipped;
    return `Nothing ran and was right here${reason === undefined ? '' : ` (${reason.replace(/\.$/, '')})`}${warnings}`;
  }
  const best = simplest(fastest(right, first), right);
  const family = familyOf(best.backend);
  const others = right.filter(({ backend }) => familyOf(backend) !== family);
  const [other] = others;
  if (other === undefined) {
    return `${placeName(best)}${right.length === 1 ? '' : `: the best of ${family} here`}; nothing else ran and was right${warnings}`;
  }
  const rival = fastest(others, other);
  return `${placeName(best)}: ${verdictOn(best, rival, workload)}${warnings}`;
}

function verdictOn(best: BenchRow, rival: BenchRow, workload: WorkloadName): string {
  const name = `${familyOf(rival.backend)}’s best here`;
  const by = costAnExample(rival) / costAnExample(best);
  if (workload === 'memory') return `${bytes(costOf(best))}, where ${name} takes ${bytes(costOf(rival))}`;
  const { verdict } = compare(rival, best);
  if (verdict === 'equal') return `as fast as ${name} (${placeName(rival)})`;
  if (verdict === 'slower') return `${times(by)} times as fast as ${name}`;
  return by >= 1
    ? `${times(by)} times as fast as ${name} (${placeName(rival)}), which this run is too short to be certain of`
    : `about as fast as ${name} (${placeName(rival)}), as far as this run can tell`;
}

/** Of equally good ones of a backend: with fewer threads, then in smaller batches. */
function simplest(best: BenchRow, rows: readonly BenchRow[]): BenchRow {
  const simpler = rows
    .filter((row) => row.backend === best.backend && row.simdLevel === best.simdLevel)
    .sort((a, b) => a.threads - b.threads || a.batch - b.batch);
  return (
    simpler.find((row) => {
      if (costAnExample(row) <= costAnExample(best)) return true;
      if (row.workload === 'memory') return false;
      const { verdict, ratio } = compare(row, best);
      return verdict === 'equal' || (verdict === 'unsure' && ratio < NO_MATTER);
    }) ?? best
  );
}

function fastest(rows: readonly BenchRow[], first: BenchRow): BenchRow {
  return rows.reduce((best, row) => (costAnExample(row) < costAnExample(best) ? row : best), first);
}

/** Batches are compared by what an example costs; memory is what all of it takes. */
function costAnExample(row: BenchRow): number {
  return row.workload === 'memory' ? costOf(row) : costOf(row) / row.batch;
}

function compare(a: BenchRow, b: BenchRow): Comparison {
  const anExample = ({ roundsMs, batch }: BenchRow) => roundsMs.map((ms) => ms / batch);
  return compareRounds(anExample(a), anExample(b));
}
