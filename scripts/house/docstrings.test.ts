import { expect, test } from 'vitest';
import { isTestMaterial } from './layers.ts';
import { type Source, sourcesIn } from './sources.ts';
import { exportsOf, reexportsOf, starsOf } from './syntax.ts';

const ROWS = ['Shapes', 'Units', 'Throws', 'Source'] as const;

/** Folders of which each file owes the rows at one of its exports; in kernels/ only those that export a Kernel. */
function owesRows({ file }: Source, types: readonly string[]): boolean {
  if (isTestMaterial(file) || file.endsWith('/all.ts')) return false;
  if (/^src\/(losses\/\w+|train\/metrics|federate\/strategies)\//.test(file)) return true;
  return file.startsWith('src/runtime/kernels/') && types.includes('Kernel');
}

function rowOffences(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const exported = exportsOf(source);
    if (
      !owesRows(
        source,
        exported.map(({ type }) => type),
      )
    )
      return [];
    const missing = exported.map(({ docstring }) => ROWS.filter((row) => !hasRow(docstring, row)));
    const fewest = missing.sort((a, b) => a.length - b.length)[0] ?? ROWS;
    return fewest.length === 0 ? [] : [`no docstring of ${source.file} has the row ${fewest.join(', ')}`];
  });
}

/** A row is a word of the list, two blanks or more, and what it says. */
function hasRow(docstring: string, row: string): boolean {
  return new RegExp(`^\\s*(/\\*)?\\* ${row} {2,}\\S`, 'm').test(docstring);
}

function publicOffences(sources: readonly Source[]): string[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const entries: Source[] = [];
  const enter = (file: string) => {
    const source = byFile.get(file);
    if (source === undefined) return;
    entries.push(source);
    for (const star of starsOf(source)) enter(star);
  };
  for (const file of [
    'src/index.ts',
    'src/exposeWorker.ts',
    'src/tfjs.ts',
    'src/run.ts',
    'src/students.ts',
    'src/federate.ts',
  ])
    enter(file);
  const open = entries.flatMap((entry) => [
    ...reexportsOf(entry),
    ...exportsOf(entry).map(({ name }) => ({ name, target: entry.file })),
  ]);
  return open.flatMap(({ name, target = '' }) => {
    const source = byFile.get(target);
    const found = source === undefined ? [] : exportsOf(source).filter((one) => one.name === name);
    if (found.length === 0) return [`index.ts exports ${name}, which ${target} does not declare`];
    return found.some(({ docstring }) => docstring !== '')
      ? []
      : [`${name} is public and has no docstring (${target})`];
  });
}

const src = sourcesIn('src');

test('losses, metrics and kernels tell their shapes, units, errors and source', () => {
  expect(
    src.filter((source) =>
      owesRows(
        source,
        exportsOf(source).map(({ type }) => type),
      ),
    ).length,
  ).toBeGreaterThan(10);
  expect(rowOffences(src)).toEqual([]);
});

test('everything that is public says what it is', () => expect(publicOffences(src)).toEqual([]));

test('a docstring that is owed is named', () => {
  const rows = '/**\n * A.\n * Shapes    a [B]\n * Units     nats\n * Throws    nothing\n */\n';
  const code = 'export const a: Kernel = 1;\nexport const b = 2;';
  const sources = [
    { file: 'src/losses/response/a.ts', text: `${rows}${code}` },
    { file: 'src/losses/response/b.ts', text: code },
    { file: 'src/losses/response/c.ts', text: `${rows.replace(' */', ' * Source    b\n */')}${code}` },
    { file: 'src/runtime/kernels/d.ts', text: code },
    { file: 'src/runtime/kernels/e.ts', text: 'export const b = 2;' },
    { file: 'src/index.ts', text: "export * from './losses/public.ts';" },
    { file: 'src/losses/public.ts', text: "export { a, type b } from './response/a.ts';" },
  ];
  expect(rowOffences(sources)).toEqual([
    'no docstring of src/losses/response/a.ts has the row Source',
    'no docstring of src/losses/response/b.ts has the row Shapes, Units, Throws, Source',
    'no docstring of src/runtime/kernels/d.ts has the row Shapes, Units, Throws, Source',
  ]);
  expect(publicOffences(sources)).toEqual(['b is public and has no docstring (src/losses/response/a.ts)']);
});
