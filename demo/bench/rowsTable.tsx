import type { BenchRow } from 'limbeck';
import { bytes, count, duration, figures, span } from '../format.ts';
import { Table } from '../frame/parts.tsx';
import { placeOf } from './places.ts';
import { isWrong, keyOf } from './words.ts';

export interface NoticesProps {
  readonly rows: readonly BenchRow[];
}

export interface RowsTableProps extends NoticesProps {
  /** Names the table for screen readers. */
  readonly label: string;
}

/** Each row of a report: its figure with its interval, or why there is none. */
export function RowsTable({ rows, label }: RowsTableProps) {
  return (
    <Table label={label} class="bench-rows">
      <thead>
        <tr>
          <th scope="col">Backend</th>
          <th scope="col" class="number">
            Batch
          </th>
          <th scope="col" class="number">
            Median
          </th>
          <th scope="col" class="number">
            95 % interval
          </th>
          <th scope="col" class="number">
            p90
          </th>
          <th scope="col" class="number">
            Examples a second
          </th>
          <th scope="col" class="number">
            Runs
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} class={row.isRight ? undefined : isWrong(row) ? 'wrong' : 'skipped'}>
            <th scope="row">{placeOf(row)}</th>
            <td class="number">{row.batch}</td>
            {row.skipped === undefined ? (
              <Figures row={row} />
            ) : (
              <td class="reason" colSpan={5}>
                {row.skipped}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** What one should know about the figures, by backend. */
export function Notices({ rows }: NoticesProps) {
  const told = rows.filter(({ notices }) => notices.length > 0);
  if (told.length === 0) return null;
  return (
    <details class="more">
      <summary>What to know about these figures</summary>
      <ul class="hint">
        {told.map((row) => (
          <li key={keyOf(row)}>
            <b>{placeOf(row)}:</b> {row.notices.join(' ')}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Figures({ row }: { readonly row: BenchRow }) {
  const { workload, medianMs, intervalMs, p90Ms, examplesPerSecond, runs, peakBytes } = row;
  if (workload === 'memory') {
    return (
      <td class="number" colSpan={5}>
        {bytes(peakBytes)}
      </td>
    );
  }
  return (
    <>
      <td class="number">{duration(medianMs)}</td>
      <td class="number">{span(intervalMs, duration)}</td>
      <td class="number">{duration(p90Ms)}</td>
      <td class="number">{figures(examplesPerSecond)}</td>
      <td class="number">{count(runs)}</td>
    </>
  );
}
