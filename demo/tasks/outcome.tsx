import { bytes, duration, figures } from '../format.ts';
import { Table } from '../frame/parts.tsx';
import type { WorkedExample } from './list.ts';
import { files, row } from './work.ts';

/** What teacher, student and control reach, what the student weighs, and its file. */
export function Outcome({ task }: { readonly task: WorkedExample }) {
  const { value: found } = row;
  if (found === undefined) return null;
  const { metric, better, teacher, student, control, teacherValue, studentValue, controlValue, ...cost } = found;
  const falseAccepts = cost.falseAcceptsAnHour;
  const rows = [
    ['Teacher', teacher, teacherValue, falseAccepts?.teacher],
    ['Student', student, studentValue, falseAccepts?.student],
    ['Same student, no teacher', `learned from ${control}`, controlValue, falseAccepts?.control],
  ] as const;
  return (
    <div class="stack">
      <Table label={`Figures of “${task.title}”`}>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="number">
              {metric} ({better} is better)
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, about, value, falseAnHour]) => (
            <tr key={name} class={name === 'Student' ? 'own' : ''}>
              <th scope="row">
                {name}
                <small>
                  {about}
                  {falseAnHour !== undefined && `; ${figures(falseAnHour)} false accepts an hour`}
                </small>
              </th>
              <td class="number">{figures(value)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
      <p class="hint" role="status">
        The student weighs {bytes(cost.studentBytes)} and takes {duration(cost.msPerExample)} for an answer. All of this
        took {duration(cost.ms)}.
      </p>
      <div class="downloads">
        {files.value.map(({ name, bytes: content }) => (
          <Download key={name} name={name} content={content} />
        ))}
      </div>
    </div>
  );
}

function Download({ name, content }: { readonly name: string; readonly content: Uint8Array<ArrayBuffer> }) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([content]));
    const link = Object.assign(document.createElement('a'), { href: address, download: name });
    link.click();
    // The browser reads it after the click.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  return (
    <button type="button" onClick={save}>
      Download {name} <small>{bytes(content.byteLength)}</small>
    </button>
  );
}
