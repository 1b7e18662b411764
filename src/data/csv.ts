import { LimbeckError } from '../core/errors.ts';
import { count } from '../core/figures.ts';
import { flag, type OptionsOf, schema, text } from '../core/schema.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { fromTable, TABLE, type TableOptions } from './table.ts';

const OPTIONS = schema('fromCsv', {
  /** Whether the first row names the columns; else they are called "1", "2" and so on. Default true. */
  header: flag(true),
  /** What separates fields: one character. Default ','. */
  delimiter: text(','),
  ...TABLE.fields,
});

/** How a table is read, and what of it is an example. */
export interface CsvOptions extends TableOptions, OptionsOf<typeof OPTIONS> {}

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
  const { columns: wanted, label, classes } = OPTIONS.read(options);
  const { columns, rows } = readCsv(table, options);
  const cell = (row: number, column: number) => rows[row]?.[column];
  return fromTable({ columns, rowCount: rows.length, cell }, { columns: wanted, label, classes });
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
  return tableReader(options)(table, true);
}

/** Some rows of a file, in their order, and how far it is read. */
export interface CsvPart extends CsvTable {
  readonly bytes: number;
  readonly totalBytes: number;
}

/**
 * The rows of a file too large to hold as text, a megabyte at a time. The text is UTF-8.
 * Throws    as `readCsv`, when it comes to the place · shape-mismatch: a row of more than 4 million characters
 *
 * @example
 * let rowCount = 0;
 * for await (const { rows } of readCsvParts(new Blob(['width,length\n0.2,1.4']))) rowCount += rows.length;
 */
export async function* readCsvParts(file: Blob, options: CsvOptions = {}): AsyncGenerator<CsvPart, void, undefined> {
  const read = tableReader(options);
  const decoder = new TextDecoder();
  const totalBytes = file.size;
  for (let from = 0; from < totalBytes; from += PART_BYTES) {
    const bytes = Math.min(from + PART_BYTES, totalBytes);
    const isLast = bytes === totalBytes;
    const text = decoder.decode(await file.slice(from, bytes).arrayBuffer(), { stream: !isLast });
    yield { ...read(text, isLast), bytes, totalBytes };
  }
}

const PART_BYTES = 2 ** 20;
const MOST_ROW_LENGTH = 4_000_000;

/** Reads a table's text piece by piece; a row is given once it has come whole. */
function tableReader(options: CsvOptions): (piece: string, isLast: boolean) => CsvTable {
  const { header, delimiter } = OPTIONS.read(options);
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new LimbeckError('invalid-option', `"delimiter" was ${JSON.stringify(delimiter)}; it must be one character.`);
  }
  let columns: readonly string[] | undefined;
  let rest: string | undefined;
  let before = 0;
  return (piece, isLast) => {
    const text = rest === undefined ? piece.replace(/^\uFEFF/, '') : rest + piece;
    const isHead = columns === undefined;
    const { rows, end } = fieldsOf(text, delimiter, isLast, before + (header && !isHead ? 1 : 0));
    rest = text.slice(end);
    if (isHead && rows[0]) columns = rows[0].map((name, i) => (header ? name.trim() : String(i + 1)));
    const needed = columns?.length ?? 0;
    const examples = header && isHead ? rows.slice(1) : rows;
    const odd = examples.findIndex((row) => row.length !== needed);
    if (odd >= 0) throw otherLength(before + odd, examples[odd]?.length ?? 0, needed);
    before += examples.length;
    if (rest.length > MOST_ROW_LENGTH) throw tooLong(before);
    return { columns: columns ?? [], rows: examples };
  };
}

/**
 * The rows of a text, and where they end: before a row that may go on in a text to come, if this is not the last. A field is quoted, with
 * quotes inside doubled, or plain; what ends it is a delimiter, a line ending, or the end.
 */
function fieldsOf(text: string, delimiter: string, isLast: boolean, before: number): { rows: string[][]; end: number } {
  const rows: string[][] = [];
  let row: string[] = [];
  let rowStart = 0;
  for (let at = 0; at < text.length; ) {
    const isQuoted = text[at] === '"';
    let field = '';
    if (isQuoted) {
      const begun = at;
      for (at++; ; at += 2) {
        const end = text.indexOf('"', at);
        if (end < 0 && !isLast) return { rows, end: rowStart };
        if (end < 0) throw unclosed(before + rows.length, begun);
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
    // What follows may still belong to it: more of the field, or of a line ending.
    if (!isLast && text[at] !== '\n' && at + 1 >= text.length) return { rows, end: rowStart };
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
    rowStart = at;
  }
  return { rows, end: text.length };
}

function otherLength(row: number, length: number, needed: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `Row ${row + 1} of the table has ${length} fields; there are ${needed} columns. Check quotes and the delimiter.`,
    { details: { row, given: length, needed } },
  );
}

function tooLong(row: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `Row ${row + 1} of the table is longer than ${count(MOST_ROW_LENGTH)} characters. Check quotes: one that is never closed reaches to the end.`,
    { details: { row } },
  );
}

function unclosed(row: number, at: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `A quote in line ${row + 1} of the table is never closed. Write a quote inside a field as two.`,
    { details: { row, at } },
  );
}
