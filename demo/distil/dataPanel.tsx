import { useSignal } from '@preact/signals';
import { countOf } from '../format.ts';
import { DropZone, pathOf } from '../frame/dropZone.tsx';
import { Field } from '../frame/parts.tsx';
import { errorOf } from '../frame/plainError.ts';
import { Camera } from './camera.tsx';
import { Microphone } from './microphone.tsx';
import * as setup from './setup.ts';
import type { SourceKind } from './sources.ts';
import { TablePanel } from './tablePanel.tsx';

const SIDES = [28, 32, 48, 64, 96];

/** What there is to choose of the source that was chosen. */
export function DataPanel() {
  const kind = setup.source.value;
  // Each begins anew, without the problem of the one before.
  return kind === 'digits' ? null : <SourcePanel key={kind} kind={kind} />;
}

function SourcePanel({ kind }: { readonly kind: SourceKind }) {
  const problem = useSignal<string | undefined>(undefined);
  const attempt = (work: () => Promise<void> | void) => {
    problem.value = undefined;
    Promise.resolve()
      .then(work)
      .catch((error) => {
        problem.value = errorOf(error).message;
      });
  };
  return (
    <div class="stack">
      {kind === 'images' && <Images attempt={attempt} />}
      {kind === 'camera' && <Camera attempt={attempt} />}
      {kind === 'microphone' && <Microphone attempt={attempt} />}
      {kind === 'csv' && <TablePanel attempt={attempt} />}
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
