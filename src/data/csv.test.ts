import { expect, test } from 'vitest';
import { type CsvOptions, type CsvPart, fromCsv, readCsv, readCsvParts } from './csv.ts';

const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i);

test.each([
  [
    'plain rows, with and without a last line ending',
    'a,b\n1,2\n3,4',
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  [
    'line endings of every kind, and empty lines',
    'a,b\r\n1,2\r\n\r\n3,4\r5,6\n\n',
    [
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ],
  ],
  ['quotes, doubled quotes, delimiters and line endings inside', 'a,b\n"x, ""y""\nz",2\n', [['x, "y"\nz', '2']]],
  [
    'empty fields, at the ends too',
    'a,b\n,\n"",1\n2,',
    [
      ['', ''],
      ['', '1'],
      ['2', ''],
    ],
  ],
  ['a byte order mark', '\uFEFFa,b\n1,2', [['1', '2']]],
])('reads %s', (_, table, rows) => {
  expect(readCsv(table)).toEqual({ columns: ['a', 'b'], rows });
});

test('reads a table of one column, whose empty quoted field is a row', () => {
  expect(readCsv('a\n1\n""\n\n2\n')).toEqual({ columns: ['a'], rows: [['1'], [''], ['2']] });
});

test('reads what it is written from, whatever the fields hold', () => {
  const rows = [
    ['"', ',', '\n'],
    ['\r\n', ' a ', 'ö'],
    ['""', '";"', ''],
  ];
  const written = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(';')).join('\r\n');
  expect(readCsv(written, { delimiter: ';', header: false }).rows).toEqual(rows);
});

test('gives examples of the chosen columns, and labels', async () => {
  const table = 'x,kind,y\n1,cat,2\n3,dog,4e1\n-5,,.5\n';
  const data = fromCsv(table, { label: 'kind', classes: ['dog', 'cat'] });
  expect([data.size, data.hasLabels, data.inputs]).toEqual([3, true, { input: { shape: [2], dtype: 'float32' } }]);
  const { inputs, labels } = await data.read(all(3));
  expect([...(inputs['input']?.data ?? [])]).toEqual([1, 2, 3, 40, -5, 0.5]);
  expect([...labels]).toEqual([1, 0, -1]);
  const turned = await fromCsv(table, { columns: ['y', 'x'] }).read(Int32Array.of(1));
  expect([...(turned.inputs['input']?.data ?? [])]).toEqual([40, 3]);
  const numbered = await fromCsv('1,7\n0,8\n', { header: false, label: '1' }).read(all(2));
  expect([...numbered.labels]).toEqual([1, 0]);
});

test.each([
  ['a row that is too short', 'a,b\n1\n', {}, 'shape-mismatch', 'Row 1 of the table has 1 fields; there are 2 columns'],
  ['a quote that is never closed', 'a,b\n1,"2\n3,4', {}, 'shape-mismatch', 'in line 2 of the table is never closed'],
  ['a word where a number belongs', 'a,b\n1,2\n1,x\n', {}, 'not-finite', 'Row 2, column "b" of the table is "x"'],
  ['an empty field', 'a,b\n1,\n', {}, 'not-finite', 'column "b" of the table is empty'],
  ['a column that is not there', 'a,b\n1,2\n', { columns: ['c'] }, 'invalid-option', '"c" is not there'],
  ['a column that is there twice', 'a,a\n1,2\n', { columns: ['a'] }, 'invalid-option', 'more than once'],
  ['a label that is no class', 'a,b\n1,x\n', { label: 'b', classes: ['y'] }, 'class-mismatch', 'one of y'],
  ['a label that is no whole number', 'a,b\n1,1.5\n', { label: 'b' }, 'class-mismatch', 'a whole number'],
  ['a long delimiter', 'a,b\n', { delimiter: '::' }, 'invalid-option', 'one character'],
  ['an unknown option', 'a,b\n', { seperator: ';' }, 'invalid-option', 'seperator'],
])('refuses %s', (_, table, options, code, words) => {
  expect(() => fromCsv(table, options as CsvOptions)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(words) }),
  );
});

const PART = 2 ** 20;

async function inParts(text: string, options = {}) {
  const parts: CsvPart[] = [];
  for await (const part of readCsvParts(new Blob([text]), options)) parts.push(part);
  return { parts, columns: parts.at(-1)?.columns, rows: parts.flatMap(({ rows }) => rows) };
}

test.each([
  ['a quoted field with line endings and doubled quotes', '"x ""y""\r\nz"'],
  ['a line ending of two characters', '1'],
  ['characters of several bytes', 'öß€😀'],
  ['an empty field at the end', ''],
])('a file gives the same rows in parts, wherever one is cut: %s', async (_, field) => {
  const tail = `7,${field}\r\n8,${field}\r\n`;
  for (let cut = 0; cut <= new TextEncoder().encode(tail).length; cut++) {
    // The first part ends so many bytes into what comes last.
    const head = 'a,b\n';
    const filler = `"${'1'.repeat(PART - head.length - 5 - cut)}",2\n`;
    const text = `${head}${filler}${tail}`;
    const { parts, columns, rows } = await inParts(text);
    expect(parts).toHaveLength(new Blob([text]).size > PART ? 2 : 1);
    expect({ columns, rows }, `cut after ${cut} bytes`).toEqual(readCsv(text));
    expect(parts.at(-1)).toMatchObject({ bytes: new Blob([text]).size, totalBytes: new Blob([text]).size });
  }
});

test('a file of nothing has no part, and one without headings numbers its columns once', async () => {
  expect((await inParts('')).parts).toEqual([]);
  const row = `${'1'.repeat(700_000)},2\n`;
  const { parts, columns, rows } = await inParts(row.repeat(3), { header: false });
  expect([parts.length, columns, rows.length]).toEqual([3, ['1', '2'], 3]);
});

test.each([
  ['a row of another length, by its number in the file', `a,b\n${'1,2\n'.repeat(600_000)}3\n`, 'Row 600001'],
  ['a quote that is never closed, by its line', `a,b\n${'1,2\n'.repeat(300_000)}"3,4\n`, 'in line 300002'],
  [
    'a row that has no end',
    `a,b\n1,"${'x'.repeat(6 * PART)}`,
    'Row 1 of the table is longer than 4,000,000 characters',
  ],
])('a file in parts refuses %s', async (_, text, words) => {
  await expect(inParts(text)).rejects.toThrow(
    expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(words) }),
  );
});
