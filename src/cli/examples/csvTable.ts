import { LimbeckError, messageOf } from '../../core/errors.ts';
import type { NdArray } from '../../core/shape.ts';
import { readCsv as readTable } from '../../data/csv.ts';

/** Numbers of a table [N, columns], and its classes if one column has them. */
export interface TableExamples {
  readonly table: NdArray;
  readonly columns: readonly string[];
  readonly labels?: Int32Array;
  readonly names?: readonly string[];
}

/** A column of this name has the classes, where no other is named. */
const LABEL_COLUMNS = ['label', 'class', 'target'];
const MOST_CLASSES = 10_000;

/**
 * A table of numbers with a line of headings, separated by commas, semicolons or tabs.
 * Throws    invalid-option: no such column · read-failed: no table, or a cell that is no number
 */
export async function readCsv(text: string, file: string, labelColumn?: string): Promise<TableExamples> {
  const failed = (why: string, cause?: unknown) =>
    new LimbeckError('read-failed', `"${file}" is no table of numbers: ${why}.`, { details: { file }, cause });
  let rows: readonly (readonly string[])[];
  try {
    ({ rows } = readTable(text, { header: false, delimiter: delimiterOf(text) }));
  } catch (error) {
    throw failed(messageOf(error).replace(/\.$/, ''), error);
  }
  const [headings = [], ...body] = rows.map((row) => row.map((cell) => cell.trim()));
  if (body.length === 0) throw failed('it needs a line of headings and at least one line of numbers');
  if (headings.every((one) => Number.isFinite(numberIn(one)))) {
    throw failed('its first line has numbers; it needs headings, such as "x1,x2,label"');
  }
  const label = labelAt(headings, file, labelColumn);
  const columns = headings.filter((_, i) => i !== label);
  const data = new Float32Array(body.length * columns.length);
  for (const [row, cells] of body.entries()) {
    let at = row * columns.length;
    for (const [i, cell] of cells.entries()) {
      if (i === label) continue;
      const value = numberIn(cell);
      // Lines are counted from 1, and the first has the headings.
      if (!Number.isFinite(value)) {
        throw failed(`line ${row + 2}, column "${headings[i]}" has "${cell.slice(0, 40)}"`);
      }
      data[at++] = value;
    }
  }
  const table = { data, shape: [body.length, columns.length] };
  if (label === undefined) return { table, columns };
  const given = body.map((cells) => cells[label] ?? '');
  return { table, columns, ...classesOf(given, (why) => failed(why)) };
}

/** The one that the first line has most of. */
function delimiterOf(text: string): string {
  const [line = ''] = /[^\r\n]+/.exec(text) ?? [];
  const counts = [',', ';', '\t'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((most, next) => (next.count > most.count ? next : most)).one;
}

function numberIn(cell: string): number {
  return cell.trim() === '' ? Number.NaN : Number(cell);
}

function labelAt(headings: readonly string[], file: string, wanted?: string): number | undefined {
  const at = headings.findIndex((one) =>
    wanted === undefined ? LABEL_COLUMNS.includes(one.toLowerCase()) : one === wanted,
  );
  if (at >= 0) return at;
  if (wanted === undefined) return undefined;
  throw new LimbeckError(
    'invalid-option',
    `--label-column was "${wanted}"; the columns of "${file}" are ${headings.slice(0, 20).join(', ')}.`,
  );
}

/** Whole numbers from 0 are classes as they are; anything else is a name, in the order of the alphabet. */
function classesOf(given: readonly string[], failed: (why: string) => Error) {
  const numbers = given.map(numberIn);
  if (numbers.every((one) => Number.isInteger(one) && one >= 0 && one < MOST_CLASSES)) {
    return { labels: Int32Array.from(numbers) };
  }
  const names = [...new Set(given)].sort();
  if (names.length > MOST_CLASSES) throw failed(`its column of classes has ${names.length} different ones`);
  const at = new Map(names.map((name, i) => [name, i]));
  return { names, labels: Int32Array.from(given, (name) => at.get(name) as number) };
}
