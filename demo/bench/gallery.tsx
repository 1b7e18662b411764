import { signal } from '@preact/signals';
import { type BenchReport, compareReports, parseReport } from 'limbeck';
import { DropZone } from '../frame/dropZone.tsx';
import { Card, Table } from '../frame/parts.tsx';
import { report, show } from './measure.ts';

interface Kept {
  readonly name: string;
  readonly report: BenchReport;
}

/** A folder of reports has some hundred; a report has some hundred kilobytes. */
const MOST_FILES = 500;
const MOST_BYTES = 5e6;

const kept = signal<readonly Kept[]>([]);
/** Files that were no reports, a sentence each. */
const refused = signal<readonly string[]>([]);
const compared = signal<{ readonly name: string; readonly sentence: string } | undefined>(undefined);

/** Reports from files: shown again, or compared with the one on the page. */
export function Gallery() {
  const { value: shown } = report;
  return (
    <Card id="gallery" title="Other reports">
      <div class="stack">
        <DropZone id="reports" label="Choose reports" accept=".json" multiple onFiles={(files) => void take(files)}>
          <p>Drop JSON reports here, or a folder of them</p>
        </DropZone>
        {kept.value.length > 0 && (
          <Table label="Reports">
            <thead>
              <tr>
                <th scope="col">Report</th>
                <th scope="col">Browser</th>
                <th scope="col">Device</th>
                <th scope="col">Measured</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {kept.value.map(({ name, report: one }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{one.environment.engine}</td>
                  <td>{deviceOf(one)}</td>
                  <td>{one.date.slice(0, 16).replace('T', ' ')}</td>
                  <td>
                    <span class="buttons">
                      <button type="button" class="small" onClick={() => show(one)}>
                        Show
                      </button>
                      {shown && shown !== one && (
                        <button
                          type="button"
                          class="small"
                          onClick={() => {
                            compared.value = { name, sentence: compareReports(one, shown).sentence };
                          }}
                        >
                          Compare
                        </button>
                      )}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </Table>
        )}
        <div role="status">
          {compared.value && (
            <p>
              The report on this page, compared with <b>{compared.value.name}</b>: {compared.value.sentence}
            </p>
          )}
          {refused.value.length > 0 && (
            <ul class="hint">
              {refused.value.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Card>
  );
}

async function take(files: readonly File[]): Promise<void> {
  const found = new Map(kept.value.map((one) => [one.name, one]));
  const faults: string[] = [];
  for (const file of files.filter(({ name }) => name.endsWith('.json')).slice(0, MOST_FILES)) {
    try {
      if (file.size > MOST_BYTES) throw new Error('it is larger than a report can be');
      found.set(file.name, { name: file.name, report: parseReport(await file.text()) });
    } catch (problem) {
      faults.push(`${file.name}: ${(problem as Error).message}`);
    }
  }
  kept.value = [...found.values()].sort((a, b) => (a.report.date < b.report.date ? 1 : -1));
  refused.value = faults.slice(0, 10);
  const [only] = kept.value;
  if (report.value === undefined && only !== undefined) show(only.report);
}

function deviceOf({ environment }: BenchReport): string {
  const { processor, cores, gpu, os } = environment;
  return [processor ?? os, `${cores} cores`, gpu?.name].filter((part) => part !== undefined && part !== '').join(', ');
}
