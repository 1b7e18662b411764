import { bytes, count, countOf, duration, figures, percent, times, UNKNOWN } from './format.ts';
import tokens from './frame/tokens.css?raw';
import type { JobReport } from './jobReport.ts';
import { html, type Markup, raw } from './markup.ts';
import css from './report.css?raw';
import { accuracyChart, confusionTable, exampleCard, lossChart, timeBar } from './reportFigures.ts';

/** The report as one file without scripts or network access; it supports light and dark mode, and printing. */
export function reportHtml(report: JobReport): string {
  return [...reportHtmlParts(report)].join('');
}

/** The same in parts, so that the page is not blocked while it is made. */
export function* reportHtmlParts(report: JobReport): Generator<string, void, void> {
  const { main, second } = headline(report);
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>limbeck report: ${main}</title>
<style>
${raw(tokens)}${raw(css)}</style>
</head>
<body>
<main class="report page">
<header>
<p class="kicker">limbeck · distillation report${whenOf(report)}</p>
<h1>${main}</h1>
<p class="second">${second}</p>
</header>
`.markup;
  for (const section of reportSections(report, 2)) yield section.markup;
  yield '</main>\n</body>\n</html>\n';
}

/** The result of the run, in two sentences. */
export function headline(report: JobReport): { main: string; second: string } {
  const { student, teacher, timeMs, examples } = report;
  const noun = nounOf(report);
  const speed = (teacher.msPerExample['1'] ?? Number.NaN) / (student.msPerExample['1'] ?? Number.NaN);
  const [small, large] = [bytes(student.bytes), bytes(teacher.bytes)];
  return {
    main: hasLabels(report)
      ? `A ${small} student reads ${percent(student.accuracy)} of the ${noun}s; its ${large} teacher reads ${percent(teacher.accuracy)}.`
      : `A ${small} student answers as its ${large} teacher does on ${percent(student.agreement)} of the ${noun}s.`,
    second:
      `1/${count(teacher.bytes / student.bytes)} of the bytes, ${times(speed)} times as fast. Learned on this device in ` +
      `${duration(timeMs.total)} from ${countOf(examples.learned, noun)} without labels; scored on ` +
      `${count(examples.heldOut)} others.`,
  };
}

const nounOf = ({ noun = 'digit' }: JobReport) => noun;

/** NaN becomes null in JSON. */
function hasLabels({ student }: JobReport): boolean {
  return Number.isFinite(student.accuracy);
}

/** Everything below the headline, section by section. `id` distinguishes two reports on one page. */
export function* reportSections(report: JobReport, level: 2 | 3, id = 'report'): Generator<Markup, void, void> {
  const { epochs, teacher, timeMs, confusion } = report;
  const noun = nounOf(report);
  const section = (title: string, ...content: (Markup | undefined)[]) =>
    html`<section>${raw(`<h${level}>`)}${title}${raw(`</h${level}>`)}
${content}</section>
`;
  yield section('Side by side', sideBySide(report));
  if (report.forms !== undefined) yield section('The student elsewhere', formsTable(report.forms, report));
  yield section('Where the time went', timeBar(timeMs));
  yield section(
    'How it learned',
    html`<div class="pair"><figure>${lossChart(`${id}-loss`, epochs)}<figcaption>Loss of each epoch.</figcaption></figure>
<figure>${accuracyChart(`${id}-accuracy`, epochs, 0, teacher.accuracy)}<figcaption>Held-out ${noun}s after each epoch: ${hasLabels(report) ? 'answered right, and ' : ''}answered as the teacher does.</figcaption></figure></div>`,
  );
  if (confusion !== undefined)
    yield section(
      `Which ${noun}s are mistaken`,
      html`<div class="pair">${confusionTable('Teacher', confusion.teacher, report)}${confusionTable('Student', confusion.student, report)}</div>
<p class="note">Framed: right answers. Without a frame: mistakes; the stronger the shade, the more frequent. An empty cell means none.</p>`,
    );
  yield section('Where they differ', ...differences(report));
  yield section('Circumstances', notices(report), circumstances(report), reproduce(report));
}

function sideBySide(report: JobReport): Markup {
  const { teacher, student, examples, threads } = report;
  const points = 100 * (student.accuracy - teacher.accuracy);
  const speed = (batch: string) => {
    const [slow, fast] = [teacher.msPerExample[batch], student.msPerExample[batch]];
    const ratio = slow !== undefined && fast !== undefined ? `${times(slow / fast)} times as fast` : '';
    return [`Time an example, batch of\u00a0${batch}`, milliseconds(slow), milliseconds(fast), ratio] as const;
  };
  const rows = [
    ...(hasLabels(report)
      ? [
          [
            `Accuracy on ${countOf(examples.heldOut, `held-out ${nounOf(report)}`)}`,
            percent(teacher.accuracy),
            percent(student.accuracy),
            `${points < 0 ? '−' : '+'}${figures(Math.abs(points))} points`,
          ] as const,
        ]
      : []),
    ['Answers as the teacher does', UNKNOWN, percent(student.agreement), ''],
    ['Size', bytes(teacher.bytes), bytes(student.bytes), `1/${count(teacher.bytes / student.bytes)} of the bytes`],
    ['Parameters', UNKNOWN, count(student.parameters), ''],
    speed('1'),
    speed('32'),
    ['Threads', count(teacher.threads), count(threads), ''],
    ['Answers it gave', count(teacher.usage?.computed), '', ''],
    ['Batches that they were asked in', count(teacher.usage?.calls), '', ''],
    ['Answers kept from earlier', count(teacher.usage?.found), '', ''],
  ] as const;
  return html`<table class="side">
<thead><tr><td></td><th scope="col" class="teacher">Teacher<small>${teacher.name}</small></th>
<th scope="col" class="student">Student<small>${student.name}</small></th></tr></thead>
<tbody>${rows.map(
    ([what, left, right, ratio]) =>
      html`<tr><th scope="row">${what}</th><td class="number">${left}</td><td class="number">${right}${ratio ? html`<small>${ratio}</small>` : undefined}</td></tr>`,
  )}</tbody></table>`;
}

const FORM_NAMES: Readonly<Record<string, string>> = {
  tfjs: 'tfjs, limbeck’s kernels',
  onnx: 'ONNX',
  int8: 'ONNX, int8',
  float16: 'ONNX, float16',
};

type Scored = { readonly accuracy: number; readonly agreement?: number };

/** The student in each form, all but the first in onnxruntime-web, and the teacher for comparison. */
function formsTable(forms: NonNullable<JobReport['forms']>, report: JobReport): Markup {
  const [title, scoreOf] = hasLabels(report)
    ? ['Accuracy', ({ accuracy }: Scored) => accuracy]
    : ['Agreement', ({ agreement = Number.NaN }: Scored) => agreement];
  const rows = [
    ...Object.entries(forms).map(([form, figures]) => [FORM_NAMES[form] ?? form, figures] as const),
    ['Teacher', report.teacher] as const,
  ];
  return html`<table class="side forms">
<thead><tr><td></td><th scope="col" class="number">${title}</th><th scope="col" class="number">Size</th><th scope="col" class="number">Batch of\u00a01</th><th scope="col" class="number">Batch of\u00a032</th></tr></thead>
<tbody>${rows.map(
    ([what, figures]) =>
      html`<tr><th scope="row">${what}</th><td class="number">${percent(scoreOf(figures))}</td><td class="number">${bytes(figures.bytes)}</td><td class="number">${milliseconds(figures.msPerExample['1'])}</td><td class="number">${milliseconds(figures.msPerExample['32'])}</td></tr>`,
  )}</tbody></table>
<p class="note">Times are of one example. The ONNX files run in onnxruntime-web on this device.</p>`;
}

const milliseconds = (value: number | undefined) => (value === undefined ? UNKNOWN : `${figures(value)}\u00a0ms`);

function differences(report: JobReport): (Markup | undefined)[] {
  const { disagreements, student, examples } = report;
  const noun = nounOf(report);
  const shown = disagreements.length;
  if (shown === 0) return [html`<p>On no held-out ${noun} do teacher and student differ.</p>`];
  const all = Math.max(shown, Math.round((1 - student.agreement) * examples.heldOut) || 0);
  const right = (who: 'teacher' | 'student') => disagreements.filter((one) => one[who] === one.label).length;
  const neither = shown - right('teacher') - right('student');
  const whose = ` Of ${shown === 1 ? 'this one' : `these ${shown}`} the teacher is right on ${right('teacher')}, the student on ${right('student')}, neither on ${neither}.`;
  return [
    html`<p>Teacher and student differ on ${count(all)} of ${countOf(examples.heldOut, `held-out ${noun}`)}${
      all > shown ? `; the first ${shown} are shown` : ''
    }.${hasLabels(report) ? whose : ''}</p>`,
    html`<ul class="examples">${disagreements.map((one) => exampleCard(one, report))}</ul>`,
  ];
}

function notices({ notices }: JobReport): Markup | undefined {
  if (notices.length === 0) return undefined;
  return html`<ul class="notices">${[...new Set(notices)].map((notice) => html`<li>${notice}</li>`)}</ul>`;
}

/** Names for keys of the environment record; others are shown as they are. */
const LABELS: Readonly<Record<string, string>> = {
  userAgent: 'Browser',
  date: 'Date',
  simdLevel: 'SIMD offered',
  hasThreads: 'Threads offered',
  cores: 'Cores',
  isIsolated: 'Cross-origin isolated',
  hasWebGpu: 'WebGPU adapter',
  gpuName: 'GPU',
  webgpu: 'WebGPU',
  hasOpfs: 'OPFS offered',
  hasIndexedDb: 'IndexedDB offered',
};
const SIMD: Readonly<Record<string, string>> = { relaxed: 'relaxed SIMD', simd: 'SIMD', none: 'none' };

function circumstances(report: JobReport): Markup {
  const rows: [string, string][] = [
    ['Seed', String(report.seed)],
    ['Backend', report.backend === 'wasm' ? 'wasm, with limbeck’s kernels' : report.backend],
    ['Threads of the student', String(report.threads)],
    ['SIMD in use', SIMD[report.simdLevel] ?? report.simdLevel],
    ['Cross-origin isolated', report.isIsolated ? 'yes' : 'no'],
    ['Teacher and student at the same time', `${percent(report.overlapFraction)} of the shorter one’s work`],
    ...(report.teacher.why ? [['Teacher’s device', report.teacher.why] as [string, string]] : []),
    ...(report.teacher.measuredAt
      ? [['Teacher’s times measured', dayOf(report.teacher.measuredAt)] as [string, string]]
      : []),
    ['Longest task of the page', duration(report.longestMainThreadTaskMs)],
    ['WebAssembly heap, at most', bytes(report.heapBytes)],
    ['Tensors left behind', count(report.tensorsLeft)],
    ...entriesOf(report.environment).filter(([key]) => key !== 'isIsolated'),
  ].map(([key, value]) => [LABELS[key as string] ?? (key as string), value as string]);
  return html`<dl>${rows.map(([name, value]) => html`<div class="${value.length > 60 ? 'long' : 'short'}"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A flattened record of plain values. */
function entriesOf(record: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(record).flatMap(([key, value]): [string, string][] => {
    if (value !== null && typeof value === 'object') return entriesOf(value as Record<string, unknown>);
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
    if (key === 'date') return [[key, dayOf(text) || text]];
    return [[key, key === 'simdLevel' ? (SIMD[text] ?? text) : text]];
  });
}

function reproduce({ seed, threads, backend, epochs, examples }: JobReport): Markup {
  const query = new URLSearchParams({
    autostart: '1',
    epochs: String(epochs.length),
    limit: String(examples.learned),
    seed: String(seed),
    kernels: backend === 'wasm' ? 'on' : 'off',
    threads: String(threads),
  });
  return html`<p>To do it again, open the demo page with this at the end of its address: <code>?${query.toString()}</code>. The same seed, backend and number of threads give the same student; times differ.</p>`;
}

function whenOf({ environment }: JobReport): string {
  const day = dayOf(environment['date']);
  return day && ` · ${day}`;
}

/** A readable date, or nothing if there is none. */
export function dayOf(iso: unknown): string {
  const date = new Date(String(iso));
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' });
}
