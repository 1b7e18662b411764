import { LimbeckError, messageOf } from '../core/errors.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { fromTable, TABLE, type TableOptions } from './table.ts';

/** A row of a table, by the names of its columns. */
export type JsonRow = Readonly<Record<string, unknown>>;

/**
 * A dataset from JSON: a list of objects, one for each example, or a line for each (JSON Lines).
 * Shapes    N objects → input [N, columns]
 * Units     as given; true and false are 1 and 0
 * Throws    shape-mismatch: no list of objects, or one without the fields of the first · invalid-option: a field that is not there · not-finite: a
 *           field that is no number · class-mismatch: a label that is no class
 *
 * @example
 * const data = fromJson('[{"width": 0.2, "length": 1.4, "kind": "a"}]', { label: 'kind', classes: ['a', 'b'] });
 */
export function fromJson(
  given: string | readonly JsonRow[],
  options: TableOptions & { readonly label: string },
): LabelledDataset;
export function fromJson(given: string | readonly JsonRow[], options?: TableOptions): Dataset;
export function fromJson(given: string | readonly JsonRow[], options: TableOptions = {}): Dataset {
  const rows = readJsonRows(given);
  const columns = Object.keys(rows[0] ?? {});
  return fromTable(
    {
      columns,
      rowCount: rows.length,
      cell(row, column) {
        const name = columns[column] as string;
        const own = rows[row] as JsonRow;
        if (Object.hasOwn(own, name)) return own[name];
        throw new LimbeckError('shape-mismatch', `Object ${row + 1} has no field "${name}", which the first one has.`, {
          details: { row, column: name },
        });
      },
    },
    TABLE.read(options),
  );
}

/**
 * The objects of a JSON text, or of one with an object in each line.
 * Throws    shape-mismatch: it is no JSON, or not a list of objects
 *
 * @example
 * const rows = readJsonRows('{"width": 0.2}\n{"width": 1.4}');
 */
export function readJsonRows(given: string | readonly JsonRow[]): readonly JsonRow[] {
  const value = typeof given === 'string' ? parsed(given.replace(/^\uFEFF/, '')) : given;
  const odd = Array.isArray(value) ? value.findIndex((row) => !isRow(row)) : -1;
  if (Array.isArray(value) && odd < 0) return value as readonly JsonRow[];
  const what = Array.isArray(value) ? `Item ${odd + 1} of the list is no object` : 'It is no list';
  throw new LimbeckError(
    'shape-mismatch',
    `${what}; examples are objects such as { "width": 0.2 }, one after the other.`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (whole) {
    const lines = text.split(/\r\n|\n|\r/).flatMap((line, i) => (line.trim() === '' ? [] : [{ line, i }]));
    // One line is no JSON Lines either.
    if (lines.length < 2) throw notJson(messageOf(whole), whole);
    return lines.map(({ line, i }) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (error) {
        throw notJson(`line ${i + 1}: ${messageOf(error)}`, error);
      }
    });
  }
}

function isRow(value: unknown): value is JsonRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notJson(why: string, cause: unknown): LimbeckError {
  return new LimbeckError('shape-mismatch', `The text is neither JSON nor a line of JSON for each example (${why}).`, {
    cause,
  });
}
