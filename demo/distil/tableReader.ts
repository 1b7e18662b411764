// A worker that reads a chosen table part by part: neither its text nor its rows come to the page, only what was asked.
import { LimbeckError, readCsvParts, UNLABELLED } from 'limbeck';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import { splitPlaces } from './splitPlaces.ts';

/** What the page asks; `file` is read once for each question. */
export type Question =
  | { readonly about: 'columns'; readonly file: File }
  | { readonly about: 'label'; readonly file: File; readonly column: string; readonly names: readonly string[] }
  | {
      readonly about: 'examples';
      readonly file: File;
      readonly rows: number;
      readonly seed: number;
      readonly label?: Label;
    };

/** The columns of a table of numbers. */
export interface Columns {
  readonly columns: readonly string[];
  readonly rows: number;
  /** The first field of each column that is no number, if there is one; such a column can only be the label. */
  readonly words: readonly { readonly column: string; readonly row: number; readonly field: string }[];
}

/** A column whose fields are classes: by their names, or by number. */
export interface Label {
  readonly column: string;
  readonly names?: readonly string[];
}

/** Rows of numbers, and their classes if there is a label. */
export interface Rows {
  readonly data: Float32Array<ArrayBuffer>;
  readonly labels?: Int32Array<ArrayBuffer>;
}

export interface TableExamples {
  readonly features: number;
  readonly learned: Rows;
  readonly held: Rows;
  /** Where in the file each row that is held out stands. */
  readonly heldPlaces: Int32Array<ArrayBuffer>;
}

export type Told =
  | { readonly type: 'part'; readonly bytes: number; readonly totalBytes: number; readonly rows: number }
  | { readonly type: 'answer'; readonly answer: Columns | Label | TableExamples }
  | { readonly type: 'error'; readonly error: PlainError };

addEventListener('message', ({ data: question }: MessageEvent<Question>) => {
  answerOf(question).then(
    (answer) => tell({ type: 'answer', answer }, 'heldPlaces' in answer ? buffersOf(answer) : []),
    (error) => tell({ type: 'error', error: errorOf(error) }),
  );
});

function tell(told: Told, moved: Transferable[] = []): void {
  postMessage(told, { transfer: moved });
}

/** They move to the page, so that none of the numbers is copied there. */
function buffersOf({ learned, held, heldPlaces }: TableExamples): ArrayBuffer[] {
  const arrays = [learned, held].flatMap(({ data, labels }) => (labels ? [data, labels] : [data]));
  return [...arrays, heldPlaces].map(({ buffer }) => buffer);
}

function answerOf(question: Question): Promise<Columns | Label | TableExamples> {
  if (question.about === 'columns') return columnsOf(question.file);
  return question.about === 'label' ? labelOf(question) : examplesOf(question);
}

/** Calls with each row, and tells the page how far it is. */
async function forEachRow(
  file: File,
  take: (row: readonly string[], index: number, columns: readonly string[]) => void,
): Promise<{ columns: readonly string[]; rows: number }> {
  let [columns, rows]: [readonly string[], number] = [[], 0];
  for await (const part of readCsvParts(file)) {
    columns = part.columns;
    for (const row of part.rows) take(row, rows++, columns);
    tell({ type: 'part', bytes: part.bytes, totalBytes: part.totalBytes, rows });
  }
  return { columns, rows };
}

async function columnsOf(file: File): Promise<Columns> {
  const words = new Map<number, { row: number; field: string }>();
  const { columns, rows } = await forEachRow(file, (row, index) => {
    if (row.length > MOST_COLUMNS) throw tooWide(file, row.length);
    for (let i = 0; i < row.length; i++) {
      if (!words.has(i) && Number.isNaN(numberOf(row[i]))) words.set(i, { row: index + 1, field: shortened(row[i]) });
    }
  });
  if (rows === 0) throw new Error(`“${file.name}” has no row below the names of its columns.`);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined)
    throw new Error(`The column “${twice}” is there more than once. Give each a name of its own.`);
  return { columns, rows, words: [...words].map(([i, word]) => ({ column: columns[i] ?? '', ...word })) };
}

/** A row of more numbers is no table to any teacher of this page, which takes it for a sound; and each is an entry of a list. */
const MOST_COLUMNS = 4001;

function tooWide({ name }: File, width: number): Error {
  return new Error(
    `“${name}” has ${width} columns; this page takes ${MOST_COLUMNS}. Check the delimiter: it must be a comma.`,
  );
}

const shortened = (field = '') => field.trim().slice(0, 40);

/** NaN for what is no finite number; a float32 takes less than a number may hold. */
function numberOf(field = ''): number {
  const text = field.trim();
  const value = text === '' ? Number.NaN : Math.fround(Number(text));
  return Number.isFinite(value) ? value : Number.NaN;
}

const isWhole = (field: string) => /^\d+$/.test(field);

/** Numbers are the classes' places; words are the teacher's names, or else are put in order. An empty field is no class. */
async function labelOf({ file, column, names }: Extract<Question, { about: 'label' }>): Promise<Label> {
  const values = new Set<string>();
  let largest = 0;
  let areNumbers = true;
  await forEachRow(file, (row, _, columns) => {
    const field = row[columns.indexOf(column)]?.trim() ?? '';
    if (field === '') return;
    if (isWhole(field)) largest = Math.max(largest, Number(field));
    else areNumbers = false;
    // One more is too many already, if they are names.
    if (values.size <= names.length) values.add(field);
  });
  if (areNumbers) {
    if (largest < names.length) return { column };
    throw new Error(
      `The column “${column}” goes up to ${largest}; the teacher’s classes are 0 to ${names.length - 1}.`,
    );
  }
  if ([...values].every((value) => names.includes(value))) return { column, names };
  if (values.size <= names.length) return { column, names: [...values].sort() };
  throw new Error(
    `The column “${column}” has more than ${names.length} different values; the teacher has ${names.length} classes.`,
  );
}

/** All numbers, in the order in which they are learned from; a row's place among them is known before it is read. */
async function examplesOf({
  file,
  rows,
  seed,
  label,
}: Extract<Question, { about: 'examples' }>): Promise<TableExamples> {
  const places = await splitPlaces(rows, seed);
  const placeOf = new Int32Array(rows);
  for (const [i, row] of places.learned.entries()) placeOf[row] = i;
  for (const [i, row] of places.held.entries()) placeOf[row] = -1 - i;
  let parts: Pick<TableExamples, 'features' | 'learned' | 'held'> | undefined;
  const read = await forEachRow(file, (row, index, columns) => {
    const at = label === undefined ? -1 : columns.indexOf(label.column);
    const features = columns.length - (at < 0 ? 0 : 1);
    const room = ({ length }: Int32Array) => roomFor(length, features, label !== undefined);
    parts ??= { features, learned: room(places.learned), held: room(places.held) };
    const place = placeOf[index] ?? 0;
    const { data, labels } = place < 0 ? parts.held : parts.learned;
    const to = place < 0 ? -1 - place : place;
    const numbers = row.filter((_, i) => i !== at).map(numberOf);
    if (numbers.length !== parts.features || numbers.some(Number.isNaN)) throw changed(file);
    data.set(numbers, to * features);
    if (labels) labels[to] = classOf(row[at]?.trim() ?? '', label?.names);
  });
  if (parts === undefined || read.rows !== rows) throw changed(file);
  return { ...parts, heldPlaces: places.held };
}

function roomFor(count: number, features: number, hasLabels: boolean): Rows {
  try {
    return { data: new Float32Array(count * features), ...(hasLabels && { labels: new Int32Array(count) }) };
  } catch (cause) {
    const message = `The browser has no memory for ${count} rows of ${features} numbers, four bytes each. Leave out rows or columns.`;
    throw new LimbeckError('out-of-memory', message, { cause });
  }
}

function classOf(field: string, names: readonly string[] | undefined): number {
  if (field === '') return UNLABELLED;
  return names === undefined ? Number(field) : names.indexOf(field);
}

const changed = ({ name }: File) => new Error(`“${name}” changed while it was in use. Choose it again.`);
