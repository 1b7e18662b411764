import { useEffect, useRef } from 'preact/hooks';
import { countOf, percent } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import { Field, Working } from '../frame/parts.tsx';
import type { PanelProps } from './dataPanel.tsx';
import * as setup from './setup.ts';
import { askTable, type TableProgress } from './table.ts';

/** Takes a table of numbers, and the column that holds its labels. */
export function TablePanel({ attempt }: PanelProps) {
  const chosen = setup.gathered.value?.kind === 'csv' ? setup.gathered.value : undefined;
  const reading = setup.tableProgress.value;
  const controller = useRef(new AbortController());
  const stop = () => controller.current.abort();
  useEffect(() => stop, []);

  /** Reads the table for something; what was read before, and has not ended, is not wanted any more. */
  const read = async (work: (signal: AbortSignal) => Promise<void>) => {
    stop();
    const mine = new AbortController();
    controller.current = mine;
    setup.tableProgress.value = { fraction: 0, rows: 0 };
    try {
      await work(mine.signal);
    } catch (error) {
      if (!mine.signal.aborted) throw error;
    } finally {
      if (controller.current === mine) setup.tableProgress.value = undefined;
    }
  };
  const show = (progress: TableProgress) => {
    setup.tableProgress.value = progress;
  };
  const take = ([file]: File[]) =>
    read(async (signal) => {
      if (file === undefined) return;
      const table = await askTable({ about: 'columns', file }, signal, show);
      setup.gathered.value = { kind: 'csv', file, table };
    });
  const label = (column: string) =>
    read(async (signal) => {
      if (chosen === undefined) return;
      const { file, table } = chosen;
      setup.gathered.value = { kind: 'csv', file, table };
      if (column === '') return;
      const found = await askTable({ about: 'label', file, column, names: setup.labels.value }, signal, show);
      setup.gathered.value = { kind: 'csv', file, table, label: found };
    });
  return (
    <>
      <DropZone
        id="table-file"
        label={chosen ? 'Choose another' : 'Choose a file'}
        accept=".csv,text/csv"
        onFiles={(files) => attempt(() => take(files))}
      >
        <p>
          {chosen
            ? `${countOf(chosen.table.rows, 'row')}, ${countOf(chosen.table.columns.length, 'column')}`
            : 'Drop a .csv file here'}
        </p>
        <p class="hint">
          The first row names the columns; all others are numbers. The file may be of any size; a run takes four bytes
          of memory for each number.
        </p>
      </DropZone>
      {reading && (
        <Working
          stage="Reading the table"
          fraction={reading.fraction}
          detail={`${countOf(reading.rows, 'row')}, ${percent(reading.fraction)} of the file`}
          onCancel={stop}
        />
      )}
      {chosen && (
        <Field id="label-column" label="The label" hint="Only scores; nobody learns from it.">
          <select
            id="label-column"
            aria-describedby="label-column-hint"
            value={chosen.label?.column ?? ''}
            onChange={({ currentTarget }) => attempt(() => label(currentTarget.value))}
          >
            <option value="">none</option>
            {chosen.table.columns.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
      )}
    </>
  );
}
