import { useSignal } from '@preact/signals';
import { readCsv } from 'limbeck';
import { countOf } from '../format.ts';
import { DropZone, pathOf } from '../frame/dropZone.tsx';
import { errorOf } from '../frame/errorBox.tsx';
import { Field } from '../frame/parts.tsx';
import { Camera } from './camera.tsx';
import { Microphone } from './microphone.tsx';
import * as setup from './setup.ts';

const SIDES = [28, 32, 48, 64, 96];
const MOST_TABLE_BYTES = 10e6;

/** What there is to choose of the source that was chosen. */
export function DataPanel() {
  const problem = useSignal<string | undefined>(undefined);
  const attempt = (work: () => Promise<void> | void) => {
    problem.value = undefined;
    Promise.resolve()
      .then(work)
      .catch((error) => {
        problem.value = errorOf(error).message;
      });
  };
  const kind = setup.source.value;
  if (kind === 'digits') return null;
  return (
    <div class="stack">
      {kind === 'images' && <Images attempt={attempt} />}
      {kind === 'camera' && <Camera attempt={attempt} />}
      {kind === 'microphone' && <Microphone attempt={attempt} />}
      {kind === 'csv' && <Table attempt={attempt} />}
      {(kind === 'images' || kind === 'camera') && setup.teacherKind.value === 'file' && <SideField />}
      {problem.value && (
        <p class="hint problem" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}

export interface PanelProps {
  /** Does work and shows what it throws. */
  readonly attempt: (work: () => Promise<void> | void) => void;
}

function Images({ attempt }: PanelProps) {
  const chosen = setup.gathered.value?.kind === 'images' ? setup.gathered.value : undefined;
  const take = (files: File[]) => {
    const images = files.filter(({ type }) => type.startsWith('image/'));
    if (images.length === 0)
      throw new Error(`None of the ${countOf(files.length, 'file')} is a picture that a browser shows.`);
    const labels = folderLabels(images.map(pathOf), setup.labels.value);
    setup.gathered.value = { kind: 'images', images, ...(labels && { labels }) };
  };
  const about = chosen
    ? `${countOf(chosen.images.length, 'picture')}${chosen.labels ? ', labelled by their folders' : ', without labels'}`
    : 'Drop pictures or a folder here';
  const onFiles = (files: File[]) => attempt(() => take(files));
  return (
    <>
      <DropZone id="image-folder" label="Choose a folder" directory onFiles={onFiles}>
        <p>{about}</p>
        <p class="hint">Folders that are named as the teacher’s classes are labels; labels only score.</p>
      </DropZone>
      <DropZone id="image-files" label="Choose single pictures" accept="image/*" multiple onFiles={onFiles} />
    </>
  );
}

/** Numbers of the classes that the pictures' folders are named after; undefined unless all folders are. */
function folderLabels(paths: readonly string[], classes: readonly string[]): number[] | undefined {
  const labels = paths.map((path) => classes.indexOf(path.split('/').at(-2) ?? ''));
  return labels.every((label) => label >= 0) ? labels : undefined;
}

function SideField() {
  return (
    <Field id="side" label="The student sees" hint="Less is faster; more tells finer things apart.">
      <select
        id="side"
        aria-describedby="side-hint"
        value={String(setup.side.value)}
        onChange={({ currentTarget }) => {
          setup.side.value = Number(currentTarget.value);
        }}
      >
        {SIDES.map((side) => (
          <option key={side} value={String(side)}>
            {side} × {side} pixels
          </option>
        ))}
      </select>
    </Field>
  );
}

function Table({ attempt }: PanelProps) {
  const chosen = setup.gathered.value?.kind === 'csv' ? setup.gathered.value : undefined;
  const take = async ([file]: File[]) => {
    if (file === undefined) return;
    if (file.size > MOST_TABLE_BYTES)
      throw new Error(`“${file.name}” is too large for this page; choose a table below 10 MB.`);
    const text = await file.text();
    const { columns, rows } = readCsv(text);
    setup.gathered.value = { kind: 'csv', text, columns, rows: rows.length };
  };
  const label = (name: string) => {
    if (chosen === undefined) return;
    const { label: _, classes: __, ...table } = chosen;
    if (name === '') {
      setup.gathered.value = table;
      return;
    }
    const { columns, rows } = readCsv(table.text);
    const values = [...new Set(rows.map((row) => row[columns.indexOf(name)]?.trim() ?? ''))].filter(
      (value) => value !== '',
    );
    const areNumbers = values.every((value) => /^\d+$/.test(value));
    const named = values.every((value) => setup.labels.value.includes(value)) ? setup.labels.value : values.sort();
    if (!areNumbers && named.length > (setup.classes.value ?? 0)) {
      throw new Error(
        `The column “${name}” has ${named.length} different values; the teacher has ${setup.classes.value} classes.`,
      );
    }
    setup.gathered.value = { ...table, label: name, ...(!areNumbers && { classes: named }) };
  };
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
            ? `${countOf(chosen.rows, 'row')}, ${countOf(chosen.columns.length, 'column')}`
            : 'Drop a .csv file here'}
        </p>
        <p class="hint">The first row names the columns; all others are numbers.</p>
      </DropZone>
      {chosen && (
        <Field id="label-column" label="The label" hint="Only scores; nobody learns from it.">
          <select
            id="label-column"
            aria-describedby="label-column-hint"
            value={chosen.label ?? ''}
            onChange={({ currentTarget }) => attempt(() => label(currentTarget.value))}
          >
            <option value="">none</option>
            {chosen.columns.map((name) => (
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
