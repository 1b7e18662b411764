/** Numbers as people read them: three significant figures, separators, units after a space that does not break. */
const figuresFormat = new Intl.NumberFormat('en-GB', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const countFormat = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** Stands for a number that is not known; JSON turns NaN into null, so kept reports hold null here. */
export const UNKNOWN = '–';

const isKnown = (value: number | null | undefined): value is number => Number.isFinite(value);

export function figures(value: number | null | undefined): string {
  return isKnown(value) ? figuresFormat.format(value) : UNKNOWN;
}

export function count(value: number | null | undefined): string {
  return isKnown(value) ? countFormat.format(value) : UNKNOWN;
}

/** "1 digit", "2,000 digits". */
export function countOf(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

export function percent(fraction: number | null | undefined): string {
  return isKnown(fraction) ? `${fraction === 0 ? '0' : figures(100 * fraction)}\u00a0%` : UNKNOWN;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB'] as const;

export function bytes(value: number | null | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  let [scaled, unit] = [value, 0];
  while (scaled >= 999.5 && unit < BYTE_UNITS.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${unit === 0 ? count(scaled) : figures(scaled)}\u00a0${BYTE_UNITS[unit]}`;
}

export function duration(ms: number | null | undefined): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms < 999.5) return `${figures(ms)}\u00a0ms`;
  if (ms < 59_950) return `${figures(ms / 1000)}\u00a0s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}\u00a0min ${seconds % 60}\u00a0s`;
}

/** A guess about the future deserves no three figures. */
export function timeLeft(ms: number): string {
  if (!isKnown(ms)) return '';
  if (ms < 950) return 'less than 1\u00a0s left';
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `about ${seconds}\u00a0s left`;
  return `about ${Math.floor(seconds / 60)}\u00a0min ${seconds % 60}\u00a0s left`;
}

/** How many times as large: "48" or, near one, "1.25". */
export function times(ratio: number): string {
  return isKnown(ratio) ? (ratio < 10 ? figures(ratio) : count(ratio)) : UNKNOWN;
}
