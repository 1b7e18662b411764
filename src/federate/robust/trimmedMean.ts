import { invalidOption } from '../../core/options.ts';
import { given, type OptionsOf, schema } from '../../core/schema.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { Combine, Part } from '../combine.ts';

const OPTIONS = schema('trimmedMean', {
  /** The fraction of values that is left out at each end of every coordinate, from 0 to below 0.5. Default 0.2. */
  trim: given<number>((value, name) => {
    if (!(value >= 0 && value < 0.5)) throw invalidOption(name, value, 'a fraction from 0 to below 0.5');
  }, 0.2),
});

/** How much of each end is left out. */
export interface TrimmedMeanOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Mean of each coordinate without its smallest and largest values. It holds as long as a smaller fraction of the clients
 * than `trim` is poisoned. Weights do not count: a client could claim any.
 * Shapes    parts of the same names and shapes → one of them
 * Units     those of the parts
 * Throws    invalid-option: `trim` is not from 0 to below 0.5
 * Source    Yin et al. 2018, "Byzantine-Robust Distributed Learning", definition 2, arXiv:1803.01498
 * Differs   the number of values left out is rounded up, but of one or two none are
 */
export function trimmedMean(options: TrimmedMeanOptions = {}): Combine {
  const { trim } = OPTIONS.read(options);
  return {
    name: 'trimmedMean',
    combine(parts) {
      const left = Math.min(Math.ceil(trim * parts.length), Math.floor((parts.length - 1) / 2));
      return { values: middleMean(parts, left), rejected: [] };
    },
  };
}

/** Mean of each coordinate without the `left` smallest and the `left` largest values. */
export function middleMean(parts: readonly Part[], left: number): NamedArrays {
  const column = new Float32Array(parts.length);
  const end = parts.length - left;
  const middle = (name: string, i: number) => {
    for (const [p, { values }] of parts.entries()) column[p] = values[name]?.data[i] as number;
    column.sort();
    let sum = 0;
    for (let p = left; p < end; p++) sum += column[p] as number;
    return sum / (end - left);
  };
  return Object.fromEntries(
    Object.entries(parts[0]?.values ?? {}).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from({ length: data.length }, (_, i) => middle(name, i)) },
    ]),
  );
}
