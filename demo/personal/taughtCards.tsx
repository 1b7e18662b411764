import type { KeptExample, ProfileVersion } from 'limbeck';
import { useEffect, useRef } from 'preact/hooks';
import { bytes, countOf } from '../format.ts';
import { Card, Table } from '../frame/parts.tsx';
import { errorOf } from '../frame/plainError.ts';
import { showDownloads } from '../outcome.ts';
import { Act } from './act.tsx';
import { reportInWords } from './reportInWords.ts';
import * as page from './state.ts';

const timeFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const timeOf = (ms: number) => timeFormat.format(ms);

/** What was learned, newest first; the student as it was distilled is version 0. */
export function VersionsCard() {
  const taught = page.taught.value;
  return (
    <Card id="versions-card" title="Versions">
      <Table label="Versions" class="kept">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" class="less">
              Finished
            </th>
            <th scope="col">Examples</th>
            <th scope="col" class="less">
              Size
            </th>
            <th scope="col" class="wide">
              Result
            </th>
            <th scope="col">
              <span class="hidden">Go back</span>
            </th>
          </tr>
        </thead>
        <tbody id="versions">
          {taught &&
            [...taught.versions.toReversed(), undefined].map((version) => (
              <VersionRow key={version?.number ?? 0} version={version} current={taught.current} />
            ))}
        </tbody>
      </Table>
    </Card>
  );
}

interface VersionRowProps {
  readonly version: ProfileVersion | undefined;
  readonly current: ProfileVersion;
}

function VersionRow({ version, current }: VersionRowProps) {
  const number = version?.number ?? 0;
  const isCurrent = current.number === number;
  return (
    <tr class={isCurrent ? 'current' : ''}>
      <th scope="row">{number}</th>
      <td class="less">{version && timeOf(version.timeMs)}</td>
      <td>{version?.examples.length}</td>
      <td class="less">{version && bytes(version.bytes)}</td>
      <td class="wide">{version ? reportInWords(version.report) : 'The student as it was distilled.'}</td>
      <td>
        {isCurrent ? (
          'answers now'
        ) : (
          <Act class="small" label={`Make version ${number} the one that answers`} onAct={() => page.goBack(number)}>
            Go back
          </Act>
        )}
      </td>
    </tr>
  );
}

/** The examples that are in the store, and the profile's file work. */
export function KeptCard() {
  const taught = page.taught.value;
  const importInput = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLDivElement>(null);
  const data = page.exported.value;
  useEffect(() => {
    if (data === undefined) files.current?.replaceChildren();
    else if (files.current) {
      showDownloads(files.current, [{ name: 'my-hand.lpf', type: 'application/octet-stream', data }]);
    }
  }, [data]);
  return (
    <Card id="kept" title="What is kept">
      <p id="contents">
        {taught &&
          `${countOf(taught.examples.length, 'example')} (${bytes(taught.exampleBytes)}) and ${countOf(taught.versions.length, 'version')} (${bytes(taught.versionBytes)}).`}
      </p>
      <p id="place" class="hint">
        {page.lesson.value?.place.about}
      </p>
      <Table label="Examples" class="kept">
        <thead>
          <tr>
            <th scope="col">Digit</th>
            <th scope="col">Taught</th>
            <th scope="col">Size</th>
            <th scope="col">
              <span class="hidden">Forget</span>
            </th>
          </tr>
        </thead>
        <tbody id="examples">
          {taught?.examples.toReversed().map((example) => (
            <ExampleRow key={example.id} example={example} />
          ))}
          {taught?.examples.length === 0 && (
            <tr class="empty">
              <td colSpan={4}>Nothing was taught yet.</td>
            </tr>
          )}
        </tbody>
      </Table>
      <div class="buttons many">
        <Act id="export" onAct={exportProfile}>
          Export to a file
        </Act>
        <button id="import" type="button" onClick={() => importInput.current?.click()}>
          Import a file
        </button>
        <input
          ref={importInput}
          id="import-file"
          type="file"
          accept=".lpf"
          aria-label="A profile’s file"
          hidden
          onChange={({ currentTarget }) => void page.attempt(() => importProfile(currentTarget))}
        />
        <Act id="destroy" class="danger" onAct={page.destroyEverything}>
          Destroy everything
        </Act>
      </div>
      <p id="kept-note" class="detail" role="status">
        {page.note.value}
      </p>
      <div ref={files} id="kept-files" />
    </Card>
  );
}

function ExampleRow({ example }: { readonly example: KeptExample }) {
  const { label = 'damaged', timeMs } = example;
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{timeOf(timeMs)}</td>
      <td>{bytes(example.bytes)}</td>
      <td>
        <Act class="small" label={`Forget the ${label} of ${timeOf(timeMs)}`} onAct={() => page.forget(example)}>
          Forget
        </Act>
      </td>
    </tr>
  );
}

async function exportProfile(): Promise<void> {
  const data = await page.lesson.value?.profile.exportBytes();
  if (data === undefined) return;
  page.exported.value = data;
  page.note.value = `The file (${bytes(data.byteLength)}) is not encrypted: whoever has it can see what you drew.`;
}

async function importProfile(input: HTMLInputElement): Promise<void> {
  const [file] = input.files ?? [];
  const profile = page.lesson.value?.profile;
  if (file === undefined || profile === undefined) return;
  try {
    const { number } = await profile.importBytes(new Uint8Array(await file.arrayBuffer()));
    page.note.value = `“${file.name}” was imported; version ${number} answers now.`;
  } catch (error) {
    page.note.value = `“${file.name}” was not imported. ${errorOf(error).message}`;
  } finally {
    // So that the same file may be chosen again.
    input.value = '';
  }
}
