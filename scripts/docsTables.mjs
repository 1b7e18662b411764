// The tables of figures in README, FEATURES and docs/, and figures inside sentences, each written from a result file or from the
// sources into the place that is marked for it:
//   node scripts/docsTables.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readmeTable } from '../experiments/readmeTable.mjs';
import { bytes } from './figures.mjs';
import { benchTable } from './tables/bench.mjs';
import { canaryTable } from './tables/canary.mjs';
import { conformanceTable } from './tables/conformance.mjs';
import { enginesTable } from './tables/engines.mjs';
import { examplesTable } from './tables/examples.mjs';
import { faultsSentence, federatedTable, millionTable, poisonedTable, scaleTable } from './tables/federate.mjs';
import { memoryTable } from './tables/memory.mjs';
import { methodSentence } from './tables/method.mjs';
import { methodsTable, peopleTable } from './tables/personalize.mjs';
import { photosSentence } from './tables/photos.mjs';
import { placesTable } from './tables/places.mjs';
import { assetsTable, sizeTable } from './tables/size.mjs';
import { soakTable } from './tables/soak.mjs';
import { formsTable, startTable } from './tables/start.mjs';
import { lossCount, lossIndex, withSurvey } from './tables/survey.mjs';
import { keptTable, teacherTable } from './tables/teacher.mjs';
import { tokensTable } from './tables/tokens.mjs';
import { peersSentence, sequencesTable, trainTable } from './tables/train.mjs';

const root = new URL('..', import.meta.url);
const read = (file) => readFileSync(new URL(file, root), 'utf8');

/**
 * File, name of the place, file of the results, and how they become a table.
 * @type {[file: string, name: string, results: string, table: (results: any) => string][]}
 */
export const TABLES = [
  ['README.md', 'start', 'benchmarks/results/start.json', startTable],
  ['docs/inside/benchmarks.md', 'start', 'benchmarks/results/start.json', startTable],
  ['docs/inside/benchmarks.md', 'forms', 'benchmarks/results/start.json', formsTable],
  ['docs/inside/benchmarks.md', 'peers', 'benchmarks/results/train.json', peersSentence],
  ['docs/inside/benchmarks.md', 'train', 'benchmarks/results/train.json', trainTable],
  ['docs/inside/benchmarks.md', 'sequences', 'benchmarks/results/sequences.json', sequencesTable],
  ['docs/inside/benchmarks.md', 'tokens', 'benchmarks/results/tokens.json', tokensTable],
  ['docs/inside/benchmarks.md', 'teacher', 'benchmarks/results/teacher.json', teacherTable],
  ['docs/inside/benchmarks.md', 'kept', 'benchmarks/results/teacher.json', keptTable],
  ['docs/inside/benchmarks.md', 'engines', 'benchmarks/results/engines.json', enginesTable],
  ['docs/inside/benchmarks.md', 'photos', 'benchmarks/results/photos.json', photosSentence],
  ['docs/inside/benchmarks.md', 'memory', 'benchmarks/results/memory.json', memoryTable],
  ['docs/inside/benchmarks.md', 'experiments', 'experiments/results/experiments.json', readmeTable],
  ['docs/inside/benchmarks.md', 'people', 'benchmarks/results/personalize.json', peopleTable],
  ['docs/inside/benchmarks.md', 'methods', 'benchmarks/results/personalize.json', methodsTable],
  ['docs/inside/benchmark-method.md', 'method', 'benchmarks/results/method.json', methodSentence],
  ['docs/inside/benchmark-method.md', 'method3', 'benchmarks/results/method3.json', methodSentence],
  ['docs/inside/benchmarks.md', 'bench', 'benchmarks/results/bench.json', benchTable],
  ['docs/guide/federate.md', 'federated', 'benchmarks/results/federate.json', federatedTable],
  ['docs/guide/federate.md', 'poisoned', 'benchmarks/results/federate.json', poisonedTable],
  ['docs/guide/federate-server.md', 'faults', 'benchmarks/results/federate.json', faultsSentence],
  ['docs/scale.md', 'scale', 'benchmarks/results/federate.json', scaleTable],
  ['docs/scale.md', 'million', 'benchmarks/results/federate.json', millionTable],
  ['docs/recipes/index.md', 'examples', 'benchmarks/results/examples.json', examplesTable],
  ['docs/guide/install.md', 'sizes', 'benchmarks/results/size.json', sizeTable],
  ['docs/guide/install.md', 'assets', 'benchmarks/results/size.json', assetsTable],
  ['docs/guide/install.md', 'places', 'benchmarks/results/places.json', placesTable],
  ['FEATURES.md', 'conformance', 'benchmarks/results/conformance.json', conformanceTable],
  ['docs/reference/losses.md', 'losses', 'experiments/results/experiments.json', lossIndex],
  ['docs/security.md', 'canary', 'benchmarks/results/canary.json', canaryTable],
  ['docs/security.md', 'soak', 'benchmarks/results/soak.json', soakTable],
];

/** Files with columns between others, which a script writes too. */
const COLUMNS = [['FEATURES.md', 'experiments/results/experiments.json', withSurvey]];

const started = () => JSON.parse(read('benchmarks/results/start.json')).first;

/** Figures inside a sentence, where it says `<!--name-->59<!--/-->`. */
const FIGURES = {
  lossCount: () => String(lossCount()),
  teacherBytes: () => bytes(started().teacher.bytes),
  int8Bytes: () => bytes(started().forms.int8.bytes),
};
export const FIGURE_MARK = /<!--(\w+)-->(.*?)<!--\/-->/g;
const WITH_FIGURES = [
  'README.md',
  'FEATURES.md',
  'docs/index.md',
  'docs/guide/quick-start.md',
  'docs/inside/comparison.md',
];

/** The file as it should be. Throws Error where it has no such place, or names a figure that nobody knows. */
export function withTables(file) {
  const withFigures = read(file).replace(FIGURE_MARK, (_, name) => {
    if (!Object.hasOwn(FIGURES, name))
      throw new Error(`${file} names the figure "${name}"; there are ${Object.keys(FIGURES).join(', ')}.`);
    return `<!--${name}-->${FIGURES[name]()}<!--/-->`;
  });
  const text = COLUMNS.filter(([into]) => into === file).reduce(
    (before, [, results, columns]) => columns(before, JSON.parse(read(results))),
    withFigures,
  );
  return TABLES.filter(([into]) => into === file).reduce((text, [, name, results, table]) => {
    const [begin, end] = [`<!-- ${name}, from ${results} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${file} has no place for the table "${name}": ${begin} … ${end}`);
    return `${text.slice(0, from)}${begin}\n\n${table(JSON.parse(read(results)))}\n\n${text.slice(to)}`;
  }, text);
}

export function writeTables() {
  for (const file of new Set([...[...TABLES, ...COLUMNS].map(([into]) => into), ...WITH_FIGURES])) {
    writeFileSync(new URL(file, root), withTables(file));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeTables();
