import { escapeText } from './markup.ts';

export interface Series {
  readonly label: string;
  /** A class that gives the colour. Lines differ by dash and marker too. */
  readonly tone: 'teacher' | 'student' | 'agreement';
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  /** Unique on the page: title and description refer to it. */
  readonly id: string;
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** A level to compare with: a dashed line from side to side. */
  readonly reference?: { readonly label: string; readonly value: number };
  readonly format: (y: number) => string;
  /** For the axis, whose values are round. Default: format. */
  readonly formatTick?: (y: number) => string;
  /** Values that the axes must include. */
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly number[];
  /** Ticks of the y axis are never closer than this. */
  readonly leastTick?: number;
}

const WIDTH = 420;
const HEIGHT = 270;
const PLOT = { left: 52, right: 364, top: 34, bottom: 226 };
const LABEL_GAP = 14;
const MOST_MARKERS = 25;
const DASHES = ['', '7 3', '2 3'];

/** A line chart as SVG text, 420 × 270 units; colours come from the style sheet of the page. */
export function lineChart(options: ChartOptions): string {
  const {
    id,
    title,
    xLabel,
    series,
    reference,
    format,
    formatTick = format,
    xRange = [],
    yRange = [],
    leastTick,
  } = options;
  const points = series.flatMap((line) => line.points);
  const [xFrom, xTo] = wide(extent([...points.map(([x]) => x), ...xRange]), 0.5);
  const levels = [...points.map(([, y]) => y), ...yRange, ...(reference ? [reference.value] : [])];
  const ticks = niceTicks(...wide(extent(levels), 0.05), 5, leastTick);
  const [yFrom, yTo] = extent(ticks);
  const toX = (x: number) => PLOT.left + ((x - xFrom) / (xTo - xFrom)) * (PLOT.right - PLOT.left);
  const toY = (y: number) => PLOT.bottom - ((y - yFrom) / (yTo - yFrom)) * (PLOT.bottom - PLOT.top);
  const epochs = niceTicks(xFrom, xTo, 6, 1).filter((tick) => tick >= xFrom && tick <= xTo);
  const middle = (PLOT.left + PLOT.right) / 2;
  return [
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeText(title)}</title><desc id="${id}-desc">${escapeText(inWords(options))}</desc>`,
    legend([...series, ...(reference ? [{ label: reference.label, tone: 'reference' }] : [])]),
    ...ticks.map(
      (tick) => across('grid', toY(tick)) + text('tick', 'end', PLOT.left - 6, toY(tick) + 4, formatTick(tick)),
    ),
    ...epochs.map((tick) => text('tick', 'middle', toX(tick), PLOT.bottom + 18, String(tick))),
    text('tick', 'middle', middle, PLOT.bottom + 37, xLabel),
    reference ? across('reference', toY(reference.value)) : '',
    ...series.map((line, i) => drawLine(line, i, toX, toY, format)),
    ...endLabels(options, toX, toY),
    '</svg>',
  ].join('');
}

/** For screen readers: where each line starts and ends. */
function inWords({ series, reference, xLabel, format }: ChartOptions): string {
  const sentences = series.map(({ label, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return `${label}: nothing yet.`;
    return `${label}: ${format(first[1])} at ${xLabel} ${first[0]}, ${format(last[1])} at ${xLabel} ${last[0]}.`;
  });
  if (reference) sentences.push(`${reference.label}: ${format(reference.value)}.`);
  return sentences.join(' ');
}

type Scale = (value: number) => number;
type Words = (value: number) => string;

function drawLine({ label, tone, points }: Series, index: number, toX: Scale, toY: Scale, format: Words): string {
  const d = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${at(toX(x))} ${at(toY(y))}`).join('');
  const marked = points.length <= MOST_MARKERS ? points : points.slice(-1);
  const marks = marked.map(
    ([x, y]) => `<g>${marker(index, toX(x), toY(y))}<title>${escapeText(`${label}, ${x}: ${format(y)}`)}</title></g>`,
  );
  return `<g class="${tone}"><path class="line" d="${d}" stroke-dasharray="${DASHES[index] ?? ''}"/>${marks.join('')}</g>`;
}

/** The last value of each line next to its end, pushed apart if they would touch. */
function endLabels({ series, reference, format }: ChartOptions, toX: Scale, toY: Scale): string[] {
  const ends = series.flatMap(({ tone, points }): { tone: string; x: number; value: number }[] => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ tone, x: toX(last[0]), value: last[1] }];
  });
  if (reference) ends.push({ tone: 'reference', x: PLOT.right, value: reference.value });
  ends.sort((a, b) => b.value - a.value);
  let lowest = Number.NEGATIVE_INFINITY;
  const places = ends.map(({ value }) => {
    lowest = Math.max(toY(value) + 4, lowest + LABEL_GAP);
    return lowest;
  });
  const excess = Math.max(0, lowest - PLOT.bottom - 4);
  return ends.map(({ tone, x, value }, i) =>
    text(`end ${tone}`, 'start', x + 7, (places[i] as number) - excess, format(value)),
  );
}

function legend(entries: readonly { label: string; tone: string }[]): string {
  let left = 8;
  return entries
    .map(({ label, tone }, i) => {
      const from = left;
      left += 40 + label.length * 7;
      const dash = tone === 'reference' ? '' : ` stroke-dasharray="${DASHES[i] ?? ''}"`;
      const mark = tone === 'reference' ? '' : marker(i, from + 11, 13);
      const line = `<line class="${tone === 'reference' ? tone : 'line'}" x1="${from}" x2="${from + 22}" y1="13" y2="13"${dash}/>`;
      return `<g class="${tone}">${line}${mark}${text('key', 'start', from + 27, 17, label)}</g>`;
    })
    .join('');
}

function across(name: string, y: number): string {
  return `<line class="${name}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y)}" y2="${at(y)}"/>`;
}

function text(name: string, anchor: 'start' | 'middle' | 'end', x: number, y: number, words: string): string {
  return `<text class="${name}" text-anchor="${anchor}" x="${at(x)}" y="${at(y)}">${escapeText(words)}</text>`;
}

function marker(series: number, x: number, y: number): string {
  return series === 0
    ? `<circle class="mark" cx="${at(x)}" cy="${at(y)}" r="3.5"/>`
    : `<rect class="mark" x="${at(x - 3)}" y="${at(y - 3)}" width="6" height="6"/>`;
}

/** Multiples of 1, 2 or 5 times a power of ten that enclose the range. */
export function niceTicks(from: number, to: number, aim: number, least = 0): number[] {
  const rough = (to - from) / aim;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.ceil(to / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function extent(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)];
}

/** A range of a single point is widened. */
function wide([from, to]: [number, number], room: number): [number, number] {
  return to > from ? [from, to] : [from - room, to + room];
}

const at = (value: number) => String(Math.round(value * 10) / 10);
