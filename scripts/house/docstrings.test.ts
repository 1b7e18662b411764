import { expect, test } from 'vitest';
import { isTestMaterial } from './layers.ts';
import { type Source, sourcesIn } from './sources.ts';
import { exportsOf, reexportsOf } from './syntax.ts';

const ROWS = ['Shapes', 'Units', 'Throws', 'Source'] as const;

/** Files of src/losses that are no loss, and what they are. */
const NO_LOSS: Readonly<Record<string, string>> = {
  'src/losses/loss.ts': 'the interface',
  'src/losses/all.ts': 'the list of all losses',
  'src/losses/revive.ts': 'makes a loss again from its name and options',
  'src/losses/alignMaps.ts': 'brings two features to the same positions',
  'src/losses/featurePair.ts': 'options and checks of losses on a pair of features',
  'src/losses/projector.ts': 'a trained map between features',
  'src/losses/rows.ts': 'arithmetic on the rows of logits',
  'src/losses/sameClasses.ts': 'checks of losses on logits and scores',
  'src/losses/toUnitLength.ts': 'vectors of length 1',
};

/** Folders of which each file owes the rows at one of its exports; in kernels/ only those that export a Kernel. */
function owesRows({ file }: Source, types: readonly string[]): boolean {
  if (isTestMaterial(file) || file.endsWith('/all.ts') || file in NO_LOSS) return false;
  if (/^src\/(losses|train\/metrics)\//.test(file)) return true;
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
  const entries = sources.filter(({ file }) =>
    ['src/index.ts', 'src/losses.ts', 'src/exposeWorker.ts', 'src/tfjs.ts', 'src/train/parts/options.ts'].includes(
      file,
    ),
  );
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

test('what is called no loss is there', () => {
  expect(src.map(({ file }) => file)).toEqual(expect.arrayContaining(Object.keys(NO_LOSS)));
});

test('everything that is public says what it is', () => expect(publicOffences(src)).toEqual([]));

test('a docstring that is owed is named', () => {
  const rows = '/**\n * A.\n * Shapes    a [B]\n * Units     nats\n * Throws    nothing\n */\n';
  const code = 'export const a: Kernel = 1;\nexport const b = 2;';
  const sources = [
    { file: 'src/losses/a.ts', text: `${rows}${code}` },
    { file: 'src/losses/b.ts', text: code },
    { file: 'src/losses/c.ts', text: `${rows.replace(' */', ' * Source    b\n */')}${code}` },
    { file: 'src/runtime/kernels/d.ts', text: code },
    { file: 'src/runtime/kernels/e.ts', text: 'export const b = 2;' },
    { file: 'src/index.ts', text: "export { a, type b } from './losses/a.ts';" },
  ];
  expect(rowOffences(sources)).toEqual([
    'no docstring of src/losses/a.ts has the row Source',
    'no docstring of src/losses/b.ts has the row Shapes, Units, Throws, Source',
    'no docstring of src/runtime/kernels/d.ts has the row Shapes, Units, Throws, Source',
  ]);
  expect(publicOffences(sources)).toEqual(['b is public and has no docstring (src/losses/a.ts)']);
});
