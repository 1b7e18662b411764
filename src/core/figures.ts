// Numbers for people to read: three digits, separators, and a unit that fits the size.

const countFormat = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** Stands for an unknown number; JSON turns NaN into null, so stored reports hold null. */
export const UNKNOWN = '–';

/** '1 ms to 2 ms', by how each end is said; UNKNOWN if an end is. */
export function span(ends: readonly [number, number], say: (end: number) => string): string {
  return ends.every(isKnown) ? ends.map((end) => say(end)).join(' to ') : UNKNOWN;
}

/** Below this, the power of ten is easier to read than the zeros. */
const LEAST_PLAIN = 1e-4;
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

type Figure = number | null | undefined;

function isKnown(value: Figure): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

const formats = new Map<number, Intl.NumberFormat>();

function formatOf(digits: number): Intl.NumberFormat {
  const format = formats.get(digits) ?? new Intl.NumberFormat('en-GB', { maximumSignificantDigits: digits });
  formats.set(digits, format);
  return format;
}

/** "0.7", "12.3", "1,230", "3.2 × 10⁻⁷". Default: three digits. */
export function figures(value: Figure, digits = 3): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude < LEAST_PLAIN || (magnitude >= 1e15 && magnitude < Number.POSITIVE_INFINITY)
    ? withPower(value, digits)
    : formatOf(digits).format(value);
}

function withPower(value: number, digits: number): string {
  const [rest, power = ''] = value.toExponential(digits - 1).split('e');
  const raised = [...power.replace('+', '')].map((digit) => (digit === '-' ? '⁻' : SUPERSCRIPTS[Number(digit)]));
  return `${Number(rest)} × 10${raised.join('')}`;
}

/** A whole number: "9,999". */
export function count(value: Figure): string {
  return isKnown(value) ? countFormat.format(value) : UNKNOWN;
}

/** "1 digit", "2,000 digits". Default plural: with an s. */
export function countOf(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** A fraction of 1: "92.7 %". Anything less than 1 never reads "100 %". */
export function percent(fraction: Figure): string {
  if (!isKnown(fraction)) return UNKNOWN;
  const rounded = figures(100 * fraction);
  if (rounded !== '100' || fraction >= 1) return `${rounded} %`;
  const digits = Math.min(12, Math.ceil(-Math.log10(1 - fraction)));
  return `${(Math.floor(100 * fraction * 10 ** digits) / 10 ** digits).toFixed(digits).replace(/0+$/, '')} %`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(value: Figure): string {
  return isKnown(value) ? scaled(value, BYTE_UNITS) : UNKNOWN;
}

/** A large number, shortened: "57.3 k", "101 M". */
export function amount(value: Figure): string {
  return isKnown(value) ? scaled(value, ['', 'k', 'M', 'G', 'T']) : UNKNOWN;
}

function scaled(value: number, units: readonly string[]): string {
  let [rest, unit] = [value, 0];
  // What would round to 1,000 is 1 of the next unit.
  while (rest >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) [rest, unit] = [rest / 1000, unit + 1];
  return `${unit === 0 ? count(rest) : figures(rest)} ${units[unit]}`.trimEnd();
}

export function duration(ms: Figure): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (Math.abs(ms) < 999.5 || !Number.isFinite(ms)) return `${figures(ms)} ms`;
  if (ms < 59_950) return `${figures(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${count(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** An estimate does not deserve three digits. */
export function timeLeft(ms: Figure): string {
  if (!isKnown(ms) || !Number.isFinite(ms)) return '';
  if (ms < 950) return 'less than 1 s left';
  const seconds = Math.round(ms / 1000);
  return `about ${seconds < 60 ? `${seconds} s` : duration(1000 * seconds)} left`;
}

/** How many times as much: "48" or, near one, "1.25". */
export function times(ratio: Figure): string {
  return isKnown(ratio) && ratio >= 10 ? count(ratio) : figures(ratio);
}
