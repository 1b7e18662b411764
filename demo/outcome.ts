import type { StudentFiles } from 'limbeck';
import { byId, nextTurn } from './dom.ts';
import { bytes } from './format.ts';
import type { JobReport, JobResult } from './jobReport.ts';
import { html } from './markup.ts';
import { dayOf, headline, reportHtmlParts, reportSections } from './report.ts';

interface Download {
  readonly name: string;
  readonly type: string;
  readonly data: string | Uint8Array<ArrayBuffer>;
}

/** Links that save files from memory. Their addresses are revoked when the place is filled again. */
export function showDownloads(place: HTMLElement, files: readonly Download[]): void {
  for (const link of place.querySelectorAll<HTMLAnchorElement>('a[download]')) URL.revokeObjectURL(link.href);
  const list = document.createElement('ul');
  list.className = 'downloads';
  list.setAttribute('aria-label', 'Downloads');
  for (const { name, type, data } of files) {
    const blob = new Blob([data], { type });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.className = 'button';
    link.download = name;
    link.innerHTML = html`${name} <small>${bytes(blob.size)}</small>`.markup;
    const item = document.createElement('li');
    item.append(link);
    list.append(item);
  }
  place.replaceChildren(list);
}

export function studentDownloads(files: StudentFiles): Download[] {
  return [
    { name: 'model.json', type: 'application/json', data: files['model.json'] },
    { name: 'weights.bin', type: 'application/octet-stream', data: files['weights.bin'] },
  ];
}

function resultDownloads({ report, files, forms = {} }: JobResult, page: string): Download[] {
  return [
    { name: 'report.html', type: 'text/html', data: page },
    { name: 'report.json', type: 'application/json', data: JSON.stringify(report, null, 1) },
    ...studentDownloads(files),
    ...Object.entries(forms).map(([name, data]) => ({ name, type: 'application/octet-stream', data })),
  ];
}

/** The report as a file's text, made in pieces that leave room for frames. */
export async function makeReportHtml(report: JobReport): Promise<string> {
  let page = '';
  for (const part of reportHtmlParts(report)) {
    page += part;
    await nextTurn();
  }
  return page;
}

/** Appends the sections of a report one by one. */
async function appendSections(place: HTMLElement, report: JobReport, id: string): Promise<void> {
  for (const { markup } of reportSections(report, 3, id)) {
    place.insertAdjacentHTML('beforeend', markup);
    await nextTurn();
  }
}

/** Shows a finished run below the bench. Gives the text of report.html. */
export async function showResult(result: JobResult): Promise<string> {
  await nextTurn();
  const place = byId('result');
  const { main, second } = headline(result.report);
  place.innerHTML = html`<div class="report"><h2 id="result-headline" tabindex="-1">${main}</h2>
<p class="second">${second}</p><div class="files"></div><p class="kept-note" role="status"></p><div class="sections"></div></div>`.markup;
  place.hidden = false;
  const page = await makeReportHtml(result.report);
  showDownloads(place.querySelector('.files') as HTMLElement, resultDownloads(result, page));
  await appendSections(place.querySelector('.sections') as HTMLElement, result.report, 'result');
  return page;
}

/** Shows the kept run of an earlier visit, folded; its sections are made when it is opened. */
export async function showLast(result: JobResult, storeTitle: string): Promise<void> {
  const place = byId('last');
  const { main, second } = headline(result.report);
  const day = dayOf(result.report.environment?.['date']);
  place.innerHTML = html`<div class="report"><h2 id="last-title">Last run</h2>
<p class="last-headline">${main}</p>
<p class="second">${day && `${day}. `}${second} Kept in this browser (${storeTitle}).</p>
<div class="files"></div><p class="kept-note"></p>
<details><summary>Its report</summary><div class="sections"></div></details></div>`.markup;
  place.hidden = false;
  const details = place.querySelector('details') as HTMLDetailsElement;
  const sections = place.querySelector('.sections') as HTMLElement;
  details.addEventListener('toggle', () => void appendSections(sections, result.report, 'last'), { once: true });
  showDownloads(
    place.querySelector('.files') as HTMLElement,
    resultDownloads(result, await makeReportHtml(result.report)),
  );
}
