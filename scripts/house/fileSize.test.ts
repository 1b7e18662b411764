import { expect, test } from 'vitest';
import { type Source, sourcesIn } from './sources.ts';

const ASK_AT = 250;
const REFUSE_AT = 300;

/** Files between the two limits, each with its reason. */
const REASONS: Readonly<Record<string, string>> = {};

function lengthOffences(sources: readonly Source[], reasons: Readonly<Record<string, string>>): string[] {
  const lengths = new Map(sources.map(({ file, text }) => [file, text.trimEnd().split('\n').length]));
  const offences = [...lengths].flatMap(([file, length]) => {
    if (length > REFUSE_AT) return [`${file} has ${length} lines; cut it in two, at ${REFUSE_AT} it ends`];
    if (length <= ASK_AT || reasons[file] !== undefined) return [];
    return [`${file} has ${length} lines; cut it, or give a reason in scripts/house/fileSize.test.ts`];
  });
  const stale = Object.keys(reasons).filter((file) => (lengths.get(file) ?? 0) <= ASK_AT);
  return [...offences, ...stale.map((file) => `${file} needs no line in scripts/house/fileSize.test.ts any more`)];
}

test('no file is longer than one reads at once', () => {
  expect(lengthOffences(sourcesIn('src', 'wasm', 'demo'), REASONS)).toEqual([]);
});

test('a long file is named', () => {
  const file = (name: string, lines: number) => ({ file: name, text: 'a\n'.repeat(lines) });
  const sources = [file('a.ts', 250), file('b.ts', 251), file('c.ts', 260), file('d.ts', 301)];
  expect(lengthOffences(sources, { 'c.ts': 'a table', 'a.ts': 'was long', 'gone.ts': 'was a table' })).toEqual([
    'b.ts has 251 lines; cut it, or give a reason in scripts/house/fileSize.test.ts',
    'd.ts has 301 lines; cut it in two, at 300 it ends',
    'a.ts needs no line in scripts/house/fileSize.test.ts any more',
    'gone.ts needs no line in scripts/house/fileSize.test.ts any more',
  ]);
});
