// Figures as elsewhere, but a unit stays on the line of its number.
import * as core from '../src/core/figures.ts';

export { count, countOf, figures, span, times, UNKNOWN } from '../src/core/figures.ts';

function joined<Value>(format: (value: Value) => string): (value: Value) => string {
  return (value) => format(value).replace(/(\d) /g, '$1\u00a0');
}

export const percent = joined(core.percent);
export const bytes = joined(core.bytes);
export const duration = joined(core.duration);
export const timeLeft = joined(core.timeLeft);
