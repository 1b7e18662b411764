import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, schema, text } from '../core/schema.ts';
import { fromArrays } from './arrays.ts';
import { type Dataset, UNLABELLED } from './dataset.ts';

/** Options of every table; other schemas spread its fields. */
export const TABLE = schema('A table', {
  /** The columns that an example is made of, in this order. Default: all but `label`. */
  columns: given<readonly string[]>(),
  /** The column that holds the class. Default: none. */
  label: text(),
  /** The names of the classes as the column has them, in the order of the outputs. Default: the column holds 0, 1, 2 … */
  classes: given<readonly string[]>(),
});

/** What of a table is an example. */
export interface TableOptions extends OptionsOf<typeof TABLE> {}

/** A table with cells of any kind. */
export interface Table {
  readonly columns: readonly string[];
  readonly rowCount: number;
  cell(row: number, column: number): unknown;
}

/**
 * A dataset from the rows of a table of numbers; texts that are numbers count as such, true and false as 1 and 0.
 * Throws    invalid-option: a column that is not there, or there twice · not-finite: a cell that is no number · class-mismatch: a label that is
 *           no class
 */
export function fromTable(
  { columns, rowCount, cell }: Table,
  { columns: wanted, label, classes }: TableOptions,
): Dataset {
  const placeOf = (name: string) => {
    const [place, another] = columns.flatMap((column, i) => (column === name ? [i] : []));
    if (place !== undefined && another === undefined) return place;
    const why = place === undefined ? 'is not there' : 'is there more than once';
    throw new LimbeckError('invalid-option', `The column "${name}" ${why}; the table has ${columns.join(', ')}.`, {
      details: { name, columns },
    });
  };
  const places = (wanted ?? columns.filter((name) => name !== label)).map(placeOf);
  const data = new Float32Array(rowCount * places.length);
  for (let row = 0; row < rowCount; row++) {
    for (const [j, place] of places.entries()) {
      data[row * places.length + j] = numberIn(cell(row, place), row, columns[place] as string);
    }
  }
  const inputs = { data, shape: [rowCount, places.length] };
  if (label === undefined) return fromArrays(inputs);
  const at = placeOf(label);
  return fromArrays(
    inputs,
    Int32Array.from({ length: rowCount }, (_, row) => classIn(cell(row, at), row, classes)),
  );
}

/** Shortened, for messages. */
const shown = (value: unknown) => `"${String(value).slice(0, 40)}"`;
const isEmpty = (value: unknown) => value === undefined || value === null || value === '';

function numberIn(given: unknown, row: number, column: string): number {
  const value = typeof given === 'string' ? given.trim() : given;
  const number = isEmpty(value) || typeof value === 'object' ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw new LimbeckError(
    'not-finite',
    `Row ${row + 1}, column "${column}" of the table is ${isEmpty(value) ? 'empty' : shown(value)}, which is no number. ` +
      'Fill it in, leave the row out, or leave the column out with "columns".',
    { details: { row, column } },
  );
}

/** An empty cell is an unknown class. */
function classIn(given: unknown, row: number, classes: readonly string[] | undefined): number {
  const value = typeof given === 'string' ? given.trim() : given;
  if (isEmpty(value)) return UNLABELLED;
  const label = classes === undefined ? Number(value) : classes.indexOf(String(value));
  if (Number.isInteger(label) && label >= 0) return label;
  const needed =
    classes === undefined ? 'a whole number from 0; or name the "classes"' : `one of ${classes.join(', ')}`;
  throw new LimbeckError(
    'class-mismatch',
    `Row ${row + 1} of the table has the label ${shown(value)}; it must be ${needed}.`,
    {
      details: { row, given: String(value) },
    },
  );
}
