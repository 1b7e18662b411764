import { type ChartOptions, lineChart } from './chart.ts';
import { countOf, duration, figures, percent } from './format.ts';
import type { Disagreement, JobReport, Shown } from './jobReport.ts';
import { escapeText, html, type Markup, raw } from './markup.ts';

type Epochs = JobReport['epochs'];

const epochAxis = (epochs: Epochs, planned: number) => ({
  xLabel: 'epoch',
  xRange: [1, Math.max(planned, epochs.length, 2)] as const,
});

export function lossChart(id: string, epochs: Epochs, planned = 0): Markup {
  const points = epochs.map(({ epoch, loss }) => [epoch, loss] as const);
  const chart: ChartOptions = {
    id,
    title: 'Loss of each epoch',
    ...epochAxis(epochs, planned),
    series: [{ label: 'loss against the teacher’s answers', tone: 'student', points }],
    format: figures,
    formatTick: String,
    yRange: [0],
  };
  return raw(lineChart(chart));
}

export function accuracyChart(id: string, epochs: Epochs, planned = 0, teacherAccuracy?: number): Markup {
  const chart: ChartOptions = {
    id,
    title: 'Held-out examples after each epoch',
    ...epochAxis(epochs, planned),
    series: [
      ...(epochs.some(({ accuracy }) => Number.isFinite(accuracy))
        ? [
            {
              label: 'accuracy',
              tone: 'student',
              points: epochs.map(({ epoch, accuracy }) => [epoch, accuracy] as const),
            } as const,
          ]
        : []),
      { label: 'agreement', tone: 'agreement', points: epochs.map(({ epoch, agreement }) => [epoch, agreement]) },
    ],
    reference: !Number.isFinite(teacherAccuracy)
      ? undefined
      : { label: 'teacher’s accuracy', value: teacherAccuracy as number },
    format: percent,
    leastTick: 0.01,
    formatTick: percent,
  };
  return raw(lineChart(chart));
}

const STAGES = [
  ['setup', 'Set up', 'data, worker, kernels'],
  ['load', 'Load', 'the teacher’s file and session'],
  ['teacher', 'Teacher and student', 'it answers every example once while the student learns'],
  ['train', 'Student', 'the rest of its epochs, with a test after each'],
  ['evaluate', 'Evaluate', 'scores and speed of both'],
] as const;

/** Where the time went: a bar, and a table as its legend. */
export function timeBar(time: JobReport['timeMs']): Markup {
  const whole = STAGES.reduce((sum, [key]) => sum + (time[key] ?? 0), 0) || 1;
  let from = 0;
  const parts = STAGES.map(([key, label]) => {
    const share = (100 * (time[key] ?? 0)) / whole;
    const rect = `<rect class="stage-${key}" x="${from.toFixed(2)}%" width="${share.toFixed(2)}%" y="0" height="100%">`;
    from += share;
    return `${rect}<title>${escapeText(`${label}: ${duration(time[key])}`)}</title></rect>`;
  });
  const rows = STAGES.map(
    ([key, label, what]) => html`<tr>
<th scope="row"><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="stage-${key}" width="10" height="10"/></svg>${label}</th>
<td class="what">${what}</td><td class="number">${duration(time[key])}</td>
<td class="number">${percent((time[key] ?? 0) / whole)}</td></tr>`,
  );
  return html`<svg class="time-bar" role="img" aria-label="The parts of the whole time; the table below has the figures.">${raw(parts.join(''))}</svg>
<table class="legend"><thead class="hidden"><tr><th scope="col">Part</th><th scope="col">What</th><th scope="col">Time</th><th scope="col">Share</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">In all</th><td class="what"></td><td class="number">${duration(time.total)}</td><td></td></tr></tfoot></table>`;
}

const SHADES = 5;

type About = Pick<JobReport, 'labels' | 'noun'>;

const nameOf = ({ labels }: About, c: number) => labels?.[c] ?? String(c);

/** Rows: the true class. Columns: the answer. Errors are shaded relative to the most frequent one. */
export function confusionTable(title: string, counts: readonly (readonly number[])[], about: About): Markup {
  const { noun = 'digit' } = about;
  const total = counts.flat().reduce((sum, n) => sum + n, 0);
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const worst = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const cell = (n: number, row: number, column: number, rowSum: number) => {
    if (n === 0) return html`<td></td>`;
    const share = row === column ? n / rowSum : Math.sqrt(n / worst);
    const shade = Math.max(1, Math.ceil(share * SHADES));
    return html`<td class="${row === column ? 'hit' : 'miss'} shade-${shade}">${n}</td>`;
  };
  const rows = counts.map((row, i) => {
    const rowSum = row.reduce((sum, n) => sum + n, 0);
    return html`<tr><th scope="row">${nameOf(about, i)}</th>${row.map((n, j) => cell(n, i, j, rowSum))}</tr>`;
  });
  return html`<table class="confusion">
<caption><b>${title}</b>: ${right} of ${countOf(total, noun)} right</caption>
<thead><tr><td class="corner">true</td><th scope="colgroup" colspan="${counts.length}">answered</th></tr>
<tr><td></td>${counts.map((_, j) => html`<th scope="col">${nameOf(about, j)}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table>`;
}

const SIDE = 28;
const LEVELS = 8;

/** 28 × 28 bytes as strokes of eight opacities in the text colour: small, sharp in print, correct in dark mode. */
export function digitSvg(pixels: string, label: string): Markup {
  const levels = Uint8Array.from(atob(pixels), (byte) => Math.round((byte.charCodeAt(0) / 255) * LEVELS));
  const paths = Array.from({ length: LEVELS + 1 }, () => '');
  for (let y = 0; y < SIDE; y++) {
    const row = levels.subarray(y * SIDE, (y + 1) * SIDE);
    for (let x = 0, to = 0; x < row.length; x = to) {
      const level = row[x] as number;
      for (to = x + 1; to < row.length && row[to] === level; ) to++;
      if (level > 0) paths[level] += `M${x} ${y}.5h${to - x}`;
    }
  }
  const strokes = paths.map((d, level) => (d ? `<path d="${d}" stroke-opacity="${level / LEVELS}"/>` : ''));
  return raw(
    `<svg class="digit" viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="${escapeText(label)}">${strokes.join('')}</svg>`,
  );
}

/** A held-out example, and what both say about it. */
export function exampleCard({ label, teacher, student, ...shown }: Disagreement, about: About): Markup {
  const isKnown = label >= 0;
  const answer = (who: string, given: number) => {
    const name = nameOf(about, given);
    if (!isKnown) return html`<span>${who} <b>${name}</b></span>`;
    return given === label
      ? html`<span class="right"><span aria-hidden="true">✓</span> ${who} <b>${name}</b><span class="hidden"> (right)</span></span>`
      : html`<span class="wrong"><span aria-hidden="true">✗</span> ${who} <b>${name}</b><span class="hidden"> (wrong)</span></span>`;
  };
  const truth = isKnown ? html`<span>truth <b>${nameOf(about, label)}</b></span>` : undefined;
  const title = isKnown ? `A ${about.noun ?? 'handwritten'} ${nameOf(about, label)}` : `A ${about.noun ?? 'digit'}`;
  return html`<li>${exampleOf(shown, title)}${truth}${answer('teacher', teacher)}${answer('student', student)}</li>`;
}

function exampleOf({ pixels, picture, text }: Shown, title: string): Markup | undefined {
  if (pixels !== undefined) return digitSvg(pixels, title);
  if (picture?.startsWith('data:image/')) return html`<img class="example" src="${picture}" alt="${title}">`;
  return text === undefined ? undefined : html`<span class="words">${text}</span>`;
}
