import type { KeptExample, PersonalizeReport, Profile, ProfileVersion } from 'limbeck';
import { button, byId } from './dom.ts';
import { bytes, countOf, duration } from './format.ts';
import { html } from './markup.ts';

/** Actions of the lists. */
export interface TaughtActions {
  readonly forget: (example: KeptExample) => void;
  readonly rollback: (version: number) => void;
}

const timeFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const timeOf = (ms: number) => timeFormat.format(ms);

/** Shows the examples and versions that are in the store. */
export async function showTaught(profile: Profile, actions: TaughtActions): Promise<void> {
  const [examples, versions, current, contents] = await Promise.all([
    profile.examples(),
    profile.history(),
    profile.current(),
    profile.contents(),
  ]);
  const { exampleBytes, versionBytes } = contents;
  byId('contents').textContent =
    `${countOf(examples.length, 'example')} (${bytes(exampleBytes)}) and ${countOf(versions.length, 'version')} (${bytes(versionBytes)}).`;
  fill(
    byId('examples'),
    examples.toReversed().map((example) => exampleRow(example, actions)),
    'Nothing was taught yet.',
    4,
  );
  fill(
    byId('versions'),
    [...versions.toReversed(), undefined].map((version) => versionRow(version, current, actions)),
    '',
    6,
  );
}

/** A version's report as a sentence. */
export function inWords(report: Partial<PersonalizeReport>): string {
  const { method, fallback, verdict, timeMs, examples } = report;
  const how =
    method && `${method.name}, ${duration(timeMs?.total)}, from ${countOf(examples?.learned ?? 0, 'example')}`;
  const kept = examples?.replayed ? ` and ${countOf(examples.replayed, 'former answer')}` : '';
  return [how && `${how}${kept}.`, verdict?.why, fallback].filter(Boolean).join(' ');
}

function exampleRow(example: KeptExample, { forget }: TaughtActions): HTMLTableRowElement {
  const { label = 'damaged', timeMs } = example;
  const row = rowOf(
    html`<th scope="row">${label}</th><td>${timeOf(timeMs)}</td><td>${bytes(example.bytes)}</td>`.markup,
  );
  const act = button('Forget', () => forget(example));
  act.setAttribute('aria-label', `Forget the ${label} of ${timeOf(timeMs)}`);
  row.append(cellOf(act));
  return row;
}

function versionRow(
  version: ProfileVersion | undefined,
  current: ProfileVersion,
  { rollback }: TaughtActions,
): HTMLTableRowElement {
  const number = version?.number ?? 0;
  const isCurrent = current.number === number;
  const row =
    version === undefined
      ? rowOf(
          '<th scope="row">0</th><td class="less"></td><td></td><td class="less"></td><td class="wide">The student as it was distilled.</td>',
        )
      : rowOf(
          html`<th scope="row">${number}</th><td class="less">${timeOf(version.timeMs)}</td><td>${version.examples.length}</td><td class="less">${bytes(version.bytes)}</td><td class="wide">${inWords(version.report)}</td>`
            .markup,
        );
  row.classList.toggle('current', isCurrent);
  const act = button('Go back', () => rollback(number));
  act.setAttribute('aria-label', `Make version ${number} the one that answers`);
  row.append(cellOf(isCurrent ? document.createTextNode('answers now') : act));
  return row;
}

function fill(place: HTMLElement, rows: readonly HTMLTableRowElement[], empty: string, columns: number): void {
  const none = rowOf(html`<td colspan="${columns}">${empty}</td>`.markup);
  none.className = 'empty';
  place.replaceChildren(...(rows.length > 0 ? rows : [none]));
}

function rowOf(markup: string): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.innerHTML = markup;
  return row;
}

function cellOf(content: Node): HTMLTableCellElement {
  const cell = document.createElement('td');
  cell.append(content);
  return cell;
}
