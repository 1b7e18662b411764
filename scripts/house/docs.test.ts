import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../src/core/errors.ts';
import { FIGURE_MARK, TABLES, withTables } from '../docsTables.mjs';
import { docPages } from './sources.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const docs = docPages().map(({ file }) => file);
const pages = ['README.md', 'FEATURES.md', ...docs];
/** Any number, but not that of int8. */
const NUMBER = /(?<![\w.])\d/;
/** How many there are of what grows. */
const COUNT = /(?<![\w.])\d+ losses/;
/** A measured number with its unit. */
const FIGURE = /\d(?:[.,]\d+)* ?(?:ms|µs|s|%|×|KB|MB|GB|GFLOP\/s|examples\/s|points)(?![\w/])/;

describe.each(docs)('%s', (name) => {
  test('names tests that are there', () => {
    const named = [...read(name).matchAll(/`((?:src|e2e|scripts|wasm)\/[\w./-]+\.(?:ts|mjs))`/g)].map(
      ([, file]) => file as string,
    );
    expect(named.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });
});

describe.each(pages)('%s', (page) => {
  test('has the tables that its results give', () => {
    expect(read(page), 'node scripts/docsTables.mjs writes them').toBe(withTables(page));
  });

  test('has no figures in a table or on the home page that no script wrote', () => {
    expect(figuresByHand(read(page))).toEqual([]);
  });
});

test('every error code has its cause and cure', () => {
  const codes = [...read('src/core/errors.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code);
  const told = [...read('docs/help/errors.md').matchAll(/^### ([a-z-]+)\n\n(.{20,})/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(40);
  expect(told.toSorted()).toEqual(codes.toSorted());
});

test("the page that an error's help names is packed", () => {
  const [, packed = ''] = new LimbeckError('internal', '').help.match(/^limbeck\/(.+)#internal$/) ?? [];
  expect(existsSync(new URL(packed, root))).toBe(true);
  expect(JSON.parse(read('package.json')).files).toContain(dirname(packed));
});

test('every link from page to page leads somewhere', () => {
  const broken = pages.flatMap((file) =>
    [...read(file).matchAll(/\]\(((?![a-z]+:|\/)[^)#]*)(?:#([^)]*))?\)/g)]
      .map(([, link = '', anchor]) => ({ url: new URL(link, new URL(file, root)), anchor }))
      .filter(({ url }) => !url.pathname.includes('/reference/api/'))
      .filter(({ url, anchor }) => !leadsSomewhere(url, anchor))
      .map(({ url, anchor }) => `${file} → ${url.pathname.slice(root.pathname.length)}${anchor ? `#${anchor}` : ''}`),
  );
  expect(broken).toEqual([]);
});

/** A page may be named without its ending, as the site does. */
function leadsSomewhere(url: URL, anchor: string | undefined): boolean {
  const page = [url, new URL(`${url}.md`), new URL('index.md', `${url}`)].find((one) => existsSync(one));
  if (page === undefined || anchor === undefined) return page !== undefined;
  const text = readFileSync(page, 'utf8');
  const slugs = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[`',.:()?!]/g, '')
      .replace(/ /g, '-'),
  );
  return slugs.includes(anchor) || text.includes(`id="${anchor}"`);
}

test('the README is read in a few minutes: under 850 words, one table of results', () => {
  const readme = read('README.md');
  expect(readme.split(/\s+/).length).toBeLessThan(850);
  expect(TABLES.filter(([file]) => file === 'README.md')).toHaveLength(1);
});

test('times are told with the machine that they come from, one for each result file', () => {
  // The experiments tell accuracies alone, and name their machine beside them.
  const timed = TABLES.filter(([, , file]) => !file.startsWith('experiments/'));
  const machines = new Map(
    timed.flatMap(([, , file]) => {
      const { machine } = JSON.parse(read(file));
      return machine === undefined ? [] : [[file, machine as string]];
    }),
  );
  expect(machines.size).toBeGreaterThan(3);
  const isNamed = (file: string, machine: string) =>
    timed.some(([page, , from]) => from === file && read(page).includes(machine));
  expect([...machines].filter(([file, machine]) => !isNamed(file, machine))).toEqual([]);
});

test('a figure in a table by hand is found', () => {
  const written = '<!-- a, from b.json -->\n| 3 ms |\n<!-- end of a -->';
  expect(figuresByHand(`${written}\n| a step | 0.5 ms |\n| rank 4 | 10,000 steps |\n3 ms`)).toEqual([
    '| a step | 0.5 ms |',
  ]);
});

test('a figure by hand on the home page, or a count of what the package has, is found', () => {
  const home =
    '---\nlayout: home\ntext: 12 losses\ndetails: <!--lossCount-->59<!--/--> losses, int8, in 3 ms\n---\nIn 3 ms.';
  expect(figuresByHand(home)).toEqual(['text: 12 losses', 'details:  losses, int8, in 3 ms']);
  expect(figuresByHand('There are 59 losses.\nThere are <!--lossCount-->59<!--/--> losses.')).toEqual([
    'There are 59 losses.',
  ]);
});

/** Lines that have a figure where a script must write it: in tables, in the head of the home page, and of what the package has. */
function figuresByHand(text: string): string[] {
  const others = text
    .replace(FIGURE_MARK, '')
    .replace(/<!-- (\w+), from \S+ -->[\s\S]*?<!-- end of \1 -->/g, '')
    // The survey's map: its last two columns are written, and what else it says in figures are bounds of tests.
    .replace(/^\|.*\| few \| all \|\n(?:\|.*\n)*/gm, '');
  const [head = ''] = /^---\nlayout: home\n[\s\S]*?\n---$/m.exec(others) ?? [];
  const isByHand = (line: string) => (line.startsWith('|') && FIGURE.test(line)) || COUNT.test(line);
  return [
    ...head.split('\n').filter((line) => NUMBER.test(line)),
    ...others.replace(head, '').split('\n').filter(isByHand),
  ];
}
