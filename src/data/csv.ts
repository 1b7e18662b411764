import { LimbeckError } from '../core/errors.ts';
import { flag, given, type OptionsOf, schema, text } from '../core/schema.ts';
import { fromArrays } from './arrays.ts';
import { type Dataset, type LabelledDataset, UNLABELLED } from './dataset.ts';

const OPTIONS = schema('fromCsv', {
  /** Whether the first row names the columns; else they are called "1", "2" and so on. Default true. */
  header: flag(true),
  /** What separates fields: one character. Default ','. */
  delimiter: text(','),
  /** The columns that an example is made of, in this order. Default: all but `label`. */
  columns: given<readonly string[]>(),
  /** The column that holds the class. Default: none. */
  label: text(),
  /** The names of the classes as the column has them, in the order of the outputs. Default: the column holds 0, 1, 2 … */
  classes: given<readonly string[]>(),
});

/** How a table is read, and what of it is an example. */
export interface CsvOptions extends OptionsOf<typeof OPTIONS> {}

/** A table as text: every row has a field for each column. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * A dataset from the rows of a table of numbers.
 * Shapes    N rows → input [N, columns]
 * Units     as given
 * Throws    invalid-option: a column that is not there, or there twice · shape-mismatch: a row of another length, or a quote that is never closed ·
 *           not-finite: a field that is no number · class-mismatch: a label that is no class
 *
 * @example
 * const table = 'width,length,species\n0.2,1.4,setosa\n2.1,5.4,virginica';
 * const data = fromCsv(table, { label: 'species', classes: ['setosa', 'virginica'] });
 */
export function fromCsv(table: string, options: CsvOptions & { readonly label: string }): LabelledDataset;
export function fromCsv(table: string, options?: CsvOptions): Dataset;
export function fromCsv(table: string, options: CsvOptions = {}): Dataset {
  const { label, classes, columns: wanted } = OPTIONS.read(options);
  const { columns, rows } = readCsv(table, options);
  const placeOf = (name: string) => {
    const [place, another] = columns.flatMap((column, i) => (column === name ? [i] : []));
    if (place !== undefined && another === undefined) return place;
    const why = place === undefined ? 'is not there' : 'is there more than once';
    throw new LimbeckError('invalid-option', `The column "${name}" ${why}; the table has ${columns.join(', ')}.`, {
      details: { name, columns },
    });
  };
  const places = (wanted ?? columns.filter((name) => name !== label)).map(placeOf);
  const data = new Float32Array(rows.length * places.length);
  for (const [i, row] of rows.entries()) {
    for (const [j, place] of places.entries()) data[i * places.length + j] = numberOf(row, place, i, columns);
  }
  const inputs = { data, shape: [rows.length, places.length] };
  if (label === undefined) return fromArrays(inputs);
  const at = placeOf(label);
  return fromArrays(
    inputs,
    rows.map((row, i) => classOf(row[at]?.trim() ?? '', i, classes)),
  );
}

/**
 * The fields of comma-separated text; empty lines are left out.
 * Throws    invalid-option: a delimiter of more than one character · shape-mismatch: a row of another length, or a quote that is never closed
 * Source    RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 * Differs   any line ending, a byte order mark and an own delimiter are read too
 *
 * @example
 * const { columns, rows } = readCsv('width,length\n0.2,1.4');
 */
export function readCsv(table: string, options: CsvOptions = {}): CsvTable {
  const { header, delimiter } = OPTIONS.read(options);
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new LimbeckError('invalid-option', `"delimiter" was ${JSON.stringify(delimiter)}; it must be one character.`);
  }
  const rows = fieldsOf(table.replace(/^\uFEFF/, ''), delimiter);
  const [first = []] = rows;
  const columns = header ? first.map((name) => name.trim()) : first.map((_, i) => String(i + 1));
  const examples = header ? rows.slice(1) : rows;
  const odd = examples.findIndex((row) => row.length !== columns.length);
  if (odd < 0) return { columns, rows: examples };
  throw new LimbeckError(
    'shape-mismatch',
    `Row ${odd + 1} of the table has ${examples[odd]?.length} fields; there are ${columns.length} columns. Check quotes and the delimiter.`,
    { details: { row: odd, given: examples[odd]?.length, needed: columns.length } },
  );
}

/** A field is quoted, with quotes inside doubled, or plain; what ends it is a delimiter, a line ending, or the end. */
function fieldsOf(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length; ) {
    const isQuoted = text[at] === '"';
    let field = '';
    if (isQuoted) {
      const begun = at;
      for (at++; ; at += 2) {
        const end = text.indexOf('"', at);
        if (end < 0) throw unclosed(rows.length, begun);
        field += text.slice(at, end);
        at = end;
        if (text[at + 1] !== '"') break;
        field += '"';
      }
      at++;
    }
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
    field += text.slice(from, at);
    const isEmptyLine = row.length === 0 && field === '' && !isQuoted && text[at] !== delimiter;
    if (!isEmptyLine) row.push(field);
    if (text[at] === delimiter) {
      at++;
      // Nothing follows the last delimiter: that is an empty field.
      if (at === text.length || text[at] === '\n' || text[at] === '\r') row.push('');
      if (at < text.length && text[at] !== '\n' && text[at] !== '\r') continue;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    if (row.length > 0) rows.push(row);
    row = [];
  }
  return rows;
}

function unclosed(row: number, at: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `A quote in line ${row + 1} of the table is never closed. Write a quote inside a field as two.`,
    { details: { row, at } },
  );
}

function numberOf(row: readonly string[], place: number, i: number, columns: readonly string[]): number {
  const field = row[place]?.trim() ?? '';
  const value = field === '' ? Number.NaN : Number(field);
  if (Number.isFinite(value)) return value;
  throw new LimbeckError(
    'not-finite',
    `Row ${i + 1}, column "${columns[place]}" of the table is ${field === '' ? 'empty' : `"${field.slice(0, 40)}"`}, which is no number. ` +
      'Fill it in, leave the row out, or leave the column out with "columns".',
    { details: { row: i, column: columns[place] } },
  );
}

/** An empty field is an unknown class. */
function classOf(field: string, i: number, classes: readonly string[] | undefined): number {
  if (field === '') return UNLABELLED;
  const label = classes === undefined ? Number(field) : classes.indexOf(field);
  if (Number.isInteger(label) && label >= 0) return label;
  const needed =
    classes === undefined ? 'a whole number from 0; or name the "classes"' : `one of ${classes.join(', ')}`;
  throw new LimbeckError(
    'class-mismatch',
    `Row ${i + 1} of the table has the label "${field.slice(0, 40)}"; it must be ${needed}.`,
    {
      details: { row: i, given: field },
    },
  );
}
