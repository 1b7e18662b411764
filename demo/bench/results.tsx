import { useSignal } from '@preact/signals';
import type { BenchReport, BenchRow } from 'limbeck';
import { Card } from '../frame/parts.tsx';
import { Bars, Passes, Throughput } from './charts.tsx';
import { groupsOf, workloadTitle } from './places.ts';
import { Notices, RowsTable } from './rowsTable.tsx';

export interface ResultsProps {
  readonly rows: readonly BenchRow[];
  readonly report: BenchReport | undefined;
}

/** A report, or what there is of one: what to take, in a sentence, and the rows that it rests on. */
export function Results({ rows, report }: ResultsProps) {
  const groups = groupsOf(rows);
  return (
    <>
      {report && <Recommendation report={report} />}
      {groups.map(({ key, model, workload, rows: own }) => (
        <Card
          key={key}
          id={`group-${groups.findIndex((one) => one.key === key)}`}
          title={`${model}: ${workloadTitle(workload)}`}
        >
          <div class="stack">
            <Charts rows={own} />
            <RowsTable rows={own} label={`Rows of ${model}, ${workloadTitle(workload)}`} />
            <Notices rows={own} />
          </div>
        </Card>
      ))}
    </>
  );
}

function Recommendation({ report }: { readonly report: BenchReport }) {
  return (
    <Card id="recommendation" title="What to take here">
      <dl class="recommendation">
        {Object.entries(report.recommendation).map(([what, sentence]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{sentence}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Charts({ rows }: { readonly rows: readonly BenchRow[] }) {
  const hasPasses = useSignal(false);
  const isMemory = rows.some(({ workload }) => workload === 'memory');
  if (isMemory) return null;
  const hasBatches = new Set(rows.map(({ batch }) => batch)).size > 1;
  return (
    <>
      <Bars title="How long a batch takes" rows={rows} />
      {hasBatches && <Throughput title="How much batches help" rows={rows} />}
      <details
        class="more"
        onToggle={({ currentTarget }) => {
          hasPasses.value = (currentTarget as HTMLDetailsElement).open;
        }}
      >
        <summary>Single passes</summary>
        {hasPasses.value && <Passes title="How even it is" rows={rows} />}
      </details>
    </>
  );
}
