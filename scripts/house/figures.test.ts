import { expect, test } from 'vitest';
import { isTestMaterial } from './layers.ts';
import { type Source, sourcesIn } from './sources.ts';

const OWN = /\.(toPrecision|toExponential|toLocaleString|toFixed)\(|NumberFormat/g;

/** Files that write numbers by themselves, each with its reason. */
const REASONS: Readonly<Record<string, string>> = {
  'src/core/figures.ts': 'it is how they are written',
  'src/adapt/guard/guard.ts': 'what it tells is held against a limit of four places',
  'src/student/import/placing.ts': 'a value of a layer, which nobody reads',
  'src/teacher/session/batchSizes.ts': 'a value that is kept',
  'demo/chart.ts': 'places of lines, and values of ticks',
  'demo/reportFigures.ts': 'places of rectangles',
  'demo/report.ts': 'a date',
};

function figureOffences(sources: readonly Source[], reasons: Readonly<Record<string, string>>): string[] {
  const found = sources
    .filter(({ file }) => !isTestMaterial(file))
    .flatMap(({ file, text }) => [...text.matchAll(OWN)].map(([used]) => ({ file, used })));
  const stale = Object.keys(reasons).filter((file) => found.every((one) => one.file !== file));
  return [
    ...found
      .filter(({ file }) => reasons[file] === undefined)
      .map(({ file, used }) => `${file} writes a number with ${used.replace(/[.(]/g, '')}; core/figures.ts does that`),
    ...stale.map((file) => `the reason for ${file} is used by nobody; delete it`),
  ];
}

test('figures that a person reads are written in one way', () => {
  expect(figureOffences(sourcesIn('src', 'demo'), REASONS)).toEqual([]);
});

test('an offence is named, and so is a reason that is left over', () => {
  const source = { file: 'src/a.ts', text: 'const text = ratio.toPrecision(2);' };
  expect(figureOffences([source], { 'src/b.ts': 'once' })).toEqual([
    'src/a.ts writes a number with toPrecision; core/figures.ts does that',
    'the reason for src/b.ts is used by nobody; delete it',
  ]);
});
