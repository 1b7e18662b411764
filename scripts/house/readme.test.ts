import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkExamples, docstringExamples, fencedExamples } from './examples.ts';
import { isTestMaterial } from './layers.ts';
import { docPages, root, sourcesIn } from './sources.ts';

const file = 'README.md';
const text = readFileSync(join(root, file), 'utf8');
const readme = fencedExamples({ file, text });
const docs = docPages().flatMap(fencedExamples);
const docstrings = sourcesIn('src')
  .filter((source) => !isTestMaterial(source.file))
  .flatMap(docstringExamples);

const faulty = fencedExamples({
  file: 'FAULTY.md',
  text: [
    '# A page',
    '```ts',
    "import { distill,\n  cnn } from 'limbeck';",
    'const run = distill({ teacher, student: cnn({ clases: 10 }), data });',
    '```',
    '```sh',
    'this is no example',
    '```',
    '```ts',
    'const student = mlp();',
    'const { report } = await distill({ teacher, student, data }).done;',
    'show(report.epochs[0].loss, unheardOf);',
    '```',
    '```ts',
    "import { exposeWorker } from 'limbeck/expose';",
    'exposeWorker({ losses: { myLoss } });',
    '```',
  ].join('\n'),
});

// One program for all: to load the types of tfjs takes most of the time.
const examples = [...readme, ...docs, ...docstrings, ...faulty];
let faults: string[][] = [];
beforeAll(() => {
  faults = checkExamples(examples);
});
const faultsOf = (some: typeof examples) => some.flatMap((one) => faults[examples.indexOf(one)] ?? ['was not checked']);

describe('the house as it stands', () => {
  test('the examples of the README compile', () => {
    // Every opened block is found, and what a reader copies first.
    expect(readme).toHaveLength(text.split('\n').filter((line) => line.startsWith('```ts')).length);
    expect(readme[0]?.code).toContain('distill({ teacher, student, data, teacherData })');
    expect(faultsOf(readme)).toEqual([]);
  });

  test('the examples of the documentation compile', () => {
    expect(docs.length).toBeGreaterThan(20);
    expect(docs.some(({ code }) => code.includes("from 'react'"))).toBe(true);
    expect(faultsOf(docs)).toEqual([]);
  });

  test('the examples of the docstrings compile', () => {
    expect(docstrings.map(({ place }) => place)).toContain('@example of distill (src/distill/distill.ts)');
    expect(faultsOf(docstrings)).toEqual([]);
  });
});

test('a fault is named with its place and line', () => {
  expect(faulty.map(({ place }) => place)).toEqual(['FAULTY.md:2', 'FAULTY.md:10', 'FAULTY.md:15']);
  expect(faultsOf(faulty)).toEqual([
    expect.stringMatching(/^FAULTY\.md:2, line 3: .*'clases' does not exist in type .*Did you mean to write 'classes'/),
    "FAULTY.md:10, line 3: Object is possibly 'undefined'.",
    "FAULTY.md:10, line 3: Cannot find name 'unheardOf'.",
  ]);
});
