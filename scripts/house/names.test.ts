import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { isTestMaterial } from './layers.ts';
import { type Source, sourcesIn } from './sources.ts';
import { exportsOf, parse, reexportsOf, walk } from './syntax.ts';

/** Words that say nothing about what a thing is. */
const EMPTY_WORDS = /^(manager|helper|util|base|impl|info)s?$/;
const EMPTY_PLACES = /(^|\/)(utils?|common|helpers?|misc|shared|types\.ts)(\/|$)/;

/** Names that are not ours to choose, each with its reason. */
const EXCEPTED: Readonly<Record<string, string>> = {
  baseHash: 'a patch belongs to a base, as adapters everywhere do',
  ConvInfo: 'tfjs calls it Conv2DInfo',
  convInfoOf: 'makes a ConvInfo',
  LimbeckError: 'an error tells where it comes from',
  LimbeckErrorCode: 'the codes of LimbeckError',
};

const errorsFile = 'src/core/errors.ts';

function nameOffences(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const { file } = source;
    const names = [...exportsOf(source).map(({ name }) => name), ...reexportsOf(source).map((one) => one.as)];
    const stem = file.split('/').at(-1)?.replace(/\..*$/, '') ?? '';
    const offences = names.filter(isEmpty).map((name) => `"${name}" says nothing about what it is (${file})`);
    if (isEmpty(stem) || EMPTY_PLACES.test(file)) offences.push(`the path ${file} says nothing about what is there`);
    if (names.includes('default') && !file.endsWith('.config.ts')) offences.push(`${file} has a default export`);
    const ours = names.filter((name) => /limbeck/i.test(name) && EXCEPTED[name] === undefined);
    return [...offences, ...ours.map((name) => `"${name}" holds the product's name (${file})`)];
  });
}

function isEmpty(name: string): boolean {
  const words = name.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g) ?? [];
  return EXCEPTED[name] === undefined && words.some((word) => EMPTY_WORDS.test(word.toLowerCase()));
}

function codeOffences(sources: readonly Source[]): string[] {
  const listed = new Set<string>();
  const thrown = new Map<string, string>();
  for (const source of sources.filter(({ file }) => !isTestMaterial(file))) {
    walk(parse(source), (node) => {
      if (ts.isTypeAliasDeclaration(node) && node.name.text === 'LimbeckErrorCode' && source.file === errorsFile) {
        walk(node.type, (part) => ts.isStringLiteral(part) && listed.add(part.text));
      }
      const isError = ts.isNewExpression(node) && node.expression.getText() === 'LimbeckError';
      const code = isError ? node.arguments?.[0] : undefined;
      if (code === undefined) return;
      walk(code, (part) => ts.isStringLiteralLike(part) && thrown.set(part.text, source.file));
    });
  }
  const unused = [...listed].filter((code) => !thrown.has(code));
  const unknown = [...thrown].filter(([code]) => !listed.has(code));
  return [
    ...unused.map((code) => `the code "${code}" is thrown nowhere; delete it (${errorsFile})`),
    ...unknown.map(([code, file]) => `the code "${code}" is not listed in ${errorsFile} (${file})`),
  ];
}

describe('the house as it stands', () => {
  test('names and places say what is there', () => {
    // Not wasm/: its exports are the binary's, and a helper there is a thread.
    expect(nameOffences(sourcesIn('src', 'demo', 'e2e', 'scripts'))).toEqual([]);
  });
  test('every error code is listed and thrown', () => expect(codeOffences(sourcesIn('src'))).toEqual([]));
});

describe('a house with faults', () => {
  test('empty names and default exports are named', () => {
    const sources = [
      { file: 'src/utils/a.ts', text: 'export const BaseLoss = 1; export const database = 2;' },
      { file: 'src/core/shapeHelper.ts', text: 'export default 1; const x = 1; export { x as poolManager };' },
      { file: 'src/core/b.ts', text: 'export default function b() {}\nexport type LimbeckTeacher = 1;' },
    ];
    expect(nameOffences(sources)).toEqual([
      '"BaseLoss" says nothing about what it is (src/utils/a.ts)',
      'the path src/utils/a.ts says nothing about what is there',
      '"poolManager" says nothing about what it is (src/core/shapeHelper.ts)',
      'the path src/core/shapeHelper.ts says nothing about what is there',
      'src/core/shapeHelper.ts has a default export',
      'src/core/b.ts has a default export',
      `"LimbeckTeacher" holds the product's name (src/core/b.ts)`,
    ]);
  });

  test('codes that nobody throws and codes that are not listed are named', () => {
    const sources = [
      { file: errorsFile, text: "export type LimbeckErrorCode = 'a-b' | 'c-d' | 'e-f';" },
      { file: 'src/core/x.ts', text: "throw new LimbeckError(1 ? 'a-b' : 'g-h', 'c-d');" },
      { file: 'src/core/x.test.ts', text: "throw new LimbeckError('e-f', '');" },
    ];
    expect(codeOffences(sources)).toEqual([
      `the code "c-d" is thrown nowhere; delete it (${errorsFile})`,
      `the code "e-f" is thrown nowhere; delete it (${errorsFile})`,
      `the code "g-h" is not listed in ${errorsFile} (src/core/x.ts)`,
    ]);
  });
});
