import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { keepPage } from '../offline/offline.ts';

export interface DropZoneProps {
  readonly id: string;
  /** What the button says, such as "Choose a file". */
  readonly label: string;
  /** As of an input of type file, such as ".onnx". */
  readonly accept?: string;
  readonly multiple?: boolean;
  /** A whole folder is chosen, with the folders in it. */
  readonly directory?: boolean;
  readonly disabled?: boolean;
  readonly onFiles: (files: File[]) => void;
  readonly children?: ComponentChildren;
}

/** Takes files that are dropped or chosen. Files of a dropped folder come with their path in `webkitRelativePath`-like names. */
export function DropZone(props: DropZoneProps) {
  const { id, label, accept, multiple, directory, disabled, onFiles, children } = props;
  const isOver = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const give = (files: File[]) => {
    if (files.length === 0 || disabled) return;
    keepPage();
    onFiles(multiple || directory ? files : files.slice(0, 1));
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = !disabled;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an addition; the button does the same
    <div
      class={`drop ${isOver.value ? 'over' : ''}`}
      onDragOver={over}
      onDragLeave={() => {
        isOver.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        void droppedFiles(event.dataTransfer).then(give);
      }}
    >
      {children}
      <button type="button" class="small" disabled={disabled} onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        id={id}
        type="file"
        hidden
        aria-label={label}
        accept={accept}
        multiple={multiple}
        {...(directory ? { webkitdirectory: true } : {})}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // So that the same file may be chosen again.
          currentTarget.value = '';
          give(files);
        }}
      />
    </div>
  );
}

/** A file's path inside the folder that was chosen or dropped; its name if it came alone. */
export function pathOf(file: File): string {
  return paths.get(file) ?? (file.webkitRelativePath || file.name);
}

/** `webkitRelativePath` of a dropped file is empty. */
const paths = new WeakMap<File, string>();

/** The files of a drop, those in folders too. */
async function droppedFiles(transfer: DataTransfer | null): Promise<File[]> {
  // The list is emptied once the event is over, so all entries are taken first.
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files: File[] = [];
  for (const entry of entries) {
    if (entry instanceof File) files.push(entry);
    else if (entry) await collect(entry, files);
  }
  return files;
}

async function collect(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    paths.set(file, entry.fullPath.replace(/^\//, ''));
    files.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives some entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const one of entries) await collect(one, files);
  }
}
