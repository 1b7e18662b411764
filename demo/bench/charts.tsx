import type { BenchRow } from 'limbeck';
import { useEffect, useRef } from 'preact/hooks';
import { duration, figures } from '../format.ts';
import { shortPlaceOf } from './places.ts';

export interface BenchChartProps {
  readonly title: string;
  readonly rows: readonly BenchRow[];
}

type Plot = typeof import('@observablehq/plot');

/** The median of each backend as a bar, with its interval. */
export function Bars({ title, rows }: BenchChartProps) {
  const shown = rows.filter(({ medianMs }) => medianMs > 0);
  const data = shown.map((row) => ({
    place: labelOf(row, shown),
    ms: row.medianMs,
    low: row.intervalMs[0],
    high: row.intervalMs[1],
    tone: row.isRight ? 'var(--student)' : 'var(--bad)',
  }));
  return (
    <Figure title={title} label="Milliseconds a batch, less is better" deps={[rows]} rows={data.length}>
      {(Plot, width) =>
        Plot.plot({
          ...frameOf(width, data.length),
          x: { label: 'milliseconds', grid: true, zero: true, tickFormat: (ms: number) => figures(ms) },
          y: { label: null, domain: data.map(({ place }) => place) },
          marks: [
            Plot.barX(data, { x: 'ms', y: 'place', fill: 'tone', insetTop: 3, insetBottom: 3, sort: null }),
            Plot.ruleY(data, { x1: 'low', x2: 'high', y: 'place', stroke: 'var(--ink)', strokeWidth: 2 }),
            Plot.tickX(data, { x: 'low', y: 'place', stroke: 'var(--ink)', insetTop: 7, insetBottom: 7 }),
            Plot.tickX(data, { x: 'high', y: 'place', stroke: 'var(--ink)', insetTop: 7, insetBottom: 7 }),
            Plot.text(data, {
              x: 'high',
              y: 'place',
              text: ({ ms }) => duration(ms),
              textAnchor: 'start',
              dx: 6,
              fill: 'var(--ink)',
            }),
          ],
        })
      }
    </Figure>
  );
}

/** Every counted pass as a tick: how even a backend is. */
export function Passes({ title, rows }: BenchChartProps) {
  const shown = rows.filter(({ sampleMs }) => sampleMs.length > 1);
  const data = shown.flatMap((row) => row.sampleMs.map((ms) => ({ place: labelOf(row, shown), ms })));
  return (
    <Figure title={title} label="Milliseconds of single passes, each a tick" deps={[rows]} rows={shown.length}>
      {(Plot, width) =>
        Plot.plot({
          ...frameOf(width, shown.length),
          x: { label: 'milliseconds', grid: true, type: 'log', tickFormat: (ms: number) => figures(ms), ticks: 6 },
          y: { label: null, domain: shown.map((row) => labelOf(row, shown)) },
          marks: [
            Plot.tickX(data, {
              x: 'ms',
              y: 'place',
              stroke: 'var(--student)',
              strokeOpacity: 0.35,
              insetTop: 4,
              insetBottom: 4,
            }),
          ],
        })
      }
    </Figure>
  );
}

/** Examples a second over the batch, where several were measured. */
export function Throughput({ title, rows }: BenchChartProps) {
  const shown = rows.filter(({ examplesPerSecond }) => examplesPerSecond > 0);
  const data = shown.map((row) => ({ place: shortPlaceOf(row), batch: row.batch, perSecond: row.examplesPerSecond }));
  return (
    <Figure title={title} label="Examples a second by batch, more is better" deps={[rows]} rows={8}>
      {(Plot, width) =>
        Plot.plot({
          ...frameOf(width, 8),
          marginLeft: 64,
          marginRight: 150,
          x: { label: 'batch', type: 'log', base: 2, grid: true, tickFormat: (batch: number) => figures(batch) },
          y: { label: 'examples a second', grid: true, zero: true },
          marks: [
            Plot.lineY(data, { x: 'batch', y: 'perSecond', z: 'place', stroke: 'var(--student)' }),
            Plot.dot(data, { x: 'batch', y: 'perSecond', fill: 'var(--student)', r: 3 }),
            Plot.text(
              data,
              Plot.selectLast({
                x: 'batch',
                y: 'perSecond',
                z: 'place',
                text: 'place',
                textAnchor: 'start',
                dx: 8,
                fill: 'var(--ink)',
              }),
            ),
          ],
        })
      }
    </Figure>
  );
}

/** Rows of several batches are told apart by them. */
function labelOf(row: BenchRow, rows: readonly BenchRow[]): string {
  const isAlone = rows.every(({ batch }) => batch === row.batch);
  return isAlone ? shortPlaceOf(row) : `${shortPlaceOf(row)}, batch ${row.batch}`;
}

function frameOf(width: number, rows: number) {
  return {
    width,
    height: 48 + 34 * Math.max(1, rows),
    marginLeft: 152,
    marginRight: 64,
    marginBottom: 36,
    style: {
      background: 'transparent',
      color: 'var(--soft)',
      fontSize: '12px',
      fontFamily: 'inherit',
      overflow: 'visible',
    },
  };
}

interface FigureProps {
  readonly title: string;
  readonly label: string;
  readonly rows: number;
  readonly deps: readonly unknown[];
  readonly children: (plot: Plot, width: number) => Element;
}

/** A drawing that follows its data and the width of its place. What it shows stands in the table too. */
function Figure({ title, label, rows, deps, children: draw }: FigureProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current: host } = place;
    if (host === null || rows === 0) return;
    let isOver = false;
    const redraw = async () => {
      const Plot = await import('@observablehq/plot');
      if (!isOver) host.replaceChildren(draw(Plot, Math.max(260, host.clientWidth)));
    };
    const observer = new ResizeObserver(() => void redraw());
    observer.observe(host);
    return () => {
      isOver = true;
      observer.disconnect();
    };
  }, deps);
  if (rows === 0) return null;
  return (
    <figure class="plot bench-plot">
      <figcaption>
        <b>{title}</b>
        <span>{label}</span>
      </figcaption>
      <div ref={place} aria-hidden="true" style={{ minHeight: `${48 + 34 * rows}px` }} />
    </figure>
  );
}
