import 'uplot/dist/uPlot.min.css';
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type UPlot from 'uplot';
import { theme } from './theme.ts';

export interface ChartLine {
  readonly label: string;
  /** A colour of tokens.css, without the dashes. */
  readonly tone: 'teacher' | 'student' | 'agreement' | 'soft';
  /** Lines differ by dash too. */
  readonly isDashed?: boolean;
  /** One value for each `x`; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  /** Values that the axes must include. */
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly [number, number];
}

/** A line chart that follows new values, the theme and the width of its place. Its newest values are in its caption. */
export function Chart({ title, xLabel, x, lines, format, xRange, yRange }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const library = useSignal<typeof UPlot | undefined>(undefined);
  const shape = lines.map(({ label, tone, isDashed }) => `${label}/${tone}/${isDashed ?? ''}`).join();
  const ranges = useRef({ xRange, yRange });
  ranges.current = { xRange, yRange };

  const draw = () => {
    const place = host.current;
    if (place === null || library.value === undefined) return;
    plot.current?.destroy();
    plot.current = new library.value(
      optionsOf(place, { xLabel, lines, format }, () => ranges.current),
      dataOf(x, lines),
      place,
    );
  };
  useEffect(draw, [shape, xLabel, library.value]);
  // The canvas has the colours of the theme that it was drawn in.
  useSignalEffect(() => {
    theme.value;
    if (plot.current) requestAnimationFrame(draw);
  });
  useEffect(() => {
    plot.current?.setData(dataOf(x, lines));
  }, [x, lines]);
  useEffect(() => {
    const place = host.current as HTMLElement;
    let isGone = false;
    void loadLibrary().then((loaded) => {
      if (!isGone) library.value = loaded;
    });
    const observer = new ResizeObserver(() => plot.current?.setSize(sizeOf(place)));
    observer.observe(place);
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);

  return (
    <figure class="plot">
      <figcaption>
        <b>{title}</b>
        {lines.map(({ label, tone, isDashed, values }) => {
          const last = values.findLast((value) => value !== null);
          return (
            <span key={label} class="key" style={{ color: `var(--${tone})`, '--dash': isDashed ? 'dashed' : 'solid' }}>
              <span>
                {label} {last === undefined || last === null ? '' : format(last)}
              </span>
            </span>
          );
        })}
      </figcaption>
      <div ref={host} class="canvas" aria-hidden="true" />
    </figure>
  );
}

let loading: Promise<typeof UPlot | undefined> | undefined;

/**
 * Comes with the first chart. Undefined where it does not start: it takes the browser's language for one that numbers are written in,
 * which fails where the system has none ("C"). The captions stay.
 */
function loadLibrary(): Promise<typeof UPlot | undefined> {
  loading ??= import('uplot').then(
    (loaded) => loaded.default,
    () => undefined,
  );
  return loading;
}

type Ranges = Pick<ChartProps, 'xRange' | 'yRange'>;

function optionsOf(
  place: HTMLElement,
  { xLabel, lines, format }: Pick<ChartProps, 'xLabel' | 'lines' | 'format'>,
  rangesNow: () => Ranges,
): UPlot.Options {
  const [soft, rule] = [colourOf(place, 'soft'), colourOf(place, 'rule')];
  const axis = { stroke: soft, grid: { stroke: rule, width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  return {
    ...sizeOf(place),
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    scales: {
      x: { time: false, range: (_, min, max) => widened(min, max, rangesNow().xRange, 0) },
      y: { range: (_, min, max) => widened(min, max, rangesNow().yRange, 0.06) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        label: xLabel,
        labelSize: 18,
        labelFont: '12px system-ui',
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 100_000],
      },
      { ...axis, size: 58, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, tone, isDashed }) => ({
        label,
        stroke: colourOf(place, tone),
        width: 2.25,
        dash: isDashed ? [6, 4] : undefined,
        points: {
          fill: colourOf(place, tone),
          show: (_: UPlot, __: number, from: number, to: number) => to - from < 25,
          size: 6,
        },
      })),
    ],
  };
}

function dataOf(x: readonly number[], lines: readonly ChartLine[]): UPlot.AlignedData {
  return [[...x], ...lines.map(({ values }) => [...values])];
}

function sizeOf(place: HTMLElement) {
  return { width: Math.max(120, place.clientWidth), height: Math.max(120, place.clientHeight) };
}

/** A token may be written as light-dark(…), which a canvas does not read; the browser computes it. */
function colourOf(place: HTMLElement, token: string): string {
  place.style.color = `var(--${token})`;
  const colour = getComputedStyle(place).color;
  place.style.color = '';
  return colour;
}

/** A range with some room, of which a single value is the middle. */
function widened(
  min: number | null,
  max: number | null,
  include: readonly number[] = [],
  room: number,
): [number, number] {
  const values = [min, max, ...include].filter((value) => value !== null && Number.isFinite(value)) as number[];
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const extra = high > low ? (high - low) * room : Math.abs(high) * 0.1 || 0.5;
  return [low - (include.includes(low) ? 0 : extra), high + (include.includes(high) ? 0 : extra)];
}
