// The survey's map: in FEATURES.md every loss with its measured accuracies, and those of the schemes in the last two columns of
// their table; in docs/reference/losses.md what the docstring of each loss says. node scripts/docsTables.mjs writes them.
import { readdirSync, readFileSync } from 'node:fs';
import { besideOf } from '../../experiments/readmeTable.mjs';

const losses = new URL('../../src/losses/', import.meta.url);
/** The folders of src/losses, with the heading of each. */
const FAMILIES = {
  response: 'Response: what the teacher answers',
  feature: 'Feature: what happens inside',
  relation: 'Relation: how examples relate to each other',
  combination: 'Combination: several losses, teachers or students',
  ranking: 'Ranking: the order of candidates',
};

/** What the barrel lists, by family. */
function lossesOf(family) {
  const barrel = readFileSync(new URL('all.ts', losses), 'utf8');
  return [...barrel.matchAll(/'\.\/(\w+)\/(\w+)\.ts'/g)].flatMap(([, of, name]) => (of === family ? [name] : []));
}

/** How many losses the package exports. */
export const lossCount = () => Object.keys(FAMILIES).flatMap(lossesOf).length;

/** For each family its heading, and the text that `entry` makes of each of its losses. */
const byFamily = (level, entry, before = () => '') =>
  Object.entries(FAMILIES)
    .map(([family, heading]) => {
      const names = lossesOf(family);
      return `${level} ${heading}\n\n${before(names)}${names.map((name) => entry(family, name)).join('\n')}\n`;
    })
    .join('\n');

/** A loss's docstring in parts. Throws Error where it lacks a row that every loss owes. */
function docOf(family, name) {
  const text = readFileSync(new URL(`${family}/${name}.ts`, losses), 'utf8');
  const end = text.search(new RegExp(`^ \\*/\\nexport function ${name}\\(`, 'm'));
  const doc = text.slice(text.lastIndexOf('/**', end), end).replaceAll(/\n \* {11}/g, ' ');
  const row = (of) => new RegExp(`^ \\* ${of} {2,}(.*)$`, 'm').exec(doc)?.[1];
  for (const owed of ['Shapes', 'Reduces', 'Source']) {
    if (row(owed) === undefined)
      throw new Error(`The docstring of ${name} has no row "${owed}"; the tables are made from it.`);
  }
  const prose = doc.slice(0, doc.search(/^ \* [A-Z][a-z]+ {2,}/m)).replace('/**', '');
  const [what, ...formula] = prose.split(/^ \*\n/m).map((part) => part.replaceAll(/\s*\n? \* ?/g, ' ').trim());
  // What stands before the first colon, or the first sentence.
  return { row, item: /^([\s\S]*?)[:.](\s|$)/.exec(what)[1], what, formula: formula.join(' ') };
}

/** The first case of its golden file; of several files, the one of its very name or the first. */
function goldenOf(name) {
  const files = readdirSync(new URL('golden', losses)).map((file) => file.replace('.json', ''));
  const own = files.filter((file) => file === name || new RegExp(`^${name}[A-Z\\d]`).test(file)).sort();
  const { cases } = JSON.parse(readFileSync(new URL(`golden/${own[0]}.json`, losses), 'utf8'));
  const [{ inputs, scale, options, value }] = cases;
  return `${value} (\`${own[0]}\`, ${inputs}, scale ${scale}, \`${JSON.stringify(options)}\`)`;
}

/** Text that stands in Markdown as it is. */
const plain = (text) => text.replaceAll('<', '&lt;').replaceAll(/(?<!`)\*(?!`)/g, '\\*');

/** Every loss with its docstring's rows, by family. */
export function lossIndex({ rows }) {
  const entry = (family, name) => {
    const { row, what, formula } = docOf(family, name);
    const [few, all] = ['few', 'all'].map((setting) => measured(rows, '', name, setting));
    const lines = [
      ['Formula', formula],
      ['Needs', /labels-missing/.test(row('Throws') ?? '') && 'labels'],
      ['Shapes', row('Shapes')],
      ['Reduction', row('Reduces')],
      ['Weight', row('Weight')],
      ['Source', row('Source')],
      ['Measured', [few && `few ${few}`, all && `all ${all}`].filter(Boolean).join('; ')],
      ['Golden value', goldenOf(name)],
    ];
    const list = lines.flatMap(([word, text]) => (text ? `- **${word}**: ${plain(text)}` : []));
    return `### ${name}\n\n${plain(what)}\n\n${list.join('\n')}\n- [Reference page](./api/index/functions/${name}.md)\n`;
  };
  const links = (names) => `${names.map((name) => `[${name}](#${name.toLowerCase()})`).join(' · ')}\n\n`;
  return byFamily('##', entry, links).trimEnd();
}

/** FEATURES.md's list of losses. */
function lossTables() {
  const line = (family, name) => `| ${docOf(family, name).item} | \`${name}\` |  |  |`;
  return byFamily('####', line, () => '| item | loss | few | all |\n| --- | --- | --- | --- |\n');
}

/** Rows of the experiments that stand for an item which has no file of that name. */
const ROWS = {
  'multi-teacher, mean of logits': ['ensemble, mean of logits'],
  'multi-teacher, mean of probabilities': ['ensemble, mean of probs'],
  'multi-teacher, mean of losses': ['ensemble, mean of losses'],
  'multi-teacher, EBKD': ['entropyWeighted'],
  'multi-teacher, CA-MKD': ['confidenceWeighted'],
  'multi-teacher, AMTML': ['learnedTeachers'],
  TAKD: ['assistantChain'],
  'deep mutual learning': ['mutual'],
  KDCL: ['collaborative'],
  ONE: ['branched + gatedBranches'],
  'mean teacher': ['selfTeacher mean + consistency'],
  'born-again': ['bornAgain'],
  'be your own teacher, early exits': ['withExits + earlyExits'],
  'PS-KD': ['progressiveTargets'],
  'CS-KD': ['classWise'],
  'graph, GLNN': ['graphTeacher'],
  'graph, label propagation': ['nearestNeighbours + labelPropagation'],
  'graph, LSP': ['softTargets + localStructure'],
  'black box, DINE': ['blackBox'],
  'expansion, noisy student': ['noisyStudent'],
  'adaptation, SHOT': ['sourceFree, noisy digits'],
  'adaptation, LwF': ['withoutForgetting'],
  'enhancement, KD4MTL': ['uncertaintyWeighted + featureAlign, two specialists'],
  offline: ['softTargets'],
  'cross-modal': ['teacherData, left half', 'teacherData, noisy digits'],
};
/** Files whose rows are called after the scheme that needs them. */
const FILES = {
  weighted: ['weighted, the teacher fades'],
  exampleWeighted: ['exampleWeighted, confidence'],
  gatedBranches: ['branched + gatedBranches'],
  earlyExits: ['withExits + earlyExits'],
  consistency: ['selfTeacher mean + consistency'],
  featureAlign: ['uncertaintyWeighted + featureAlign, two specialists'],
  formerOutputs: ['withoutForgetting'],
};

const percent = (fraction) => (100 * fraction).toFixed(1);

/** What was measured of an item in a setting; empty where nothing was. */
function measured(rows, item, file, setting) {
  const names = ROWS[item] ?? FILES[file] ?? [file, `softTargets + ${file}`];
  const found = names.flatMap((name) => rows.filter((row) => row.name === name && row.setting === setting));
  return found
    .filter(({ baselineMean }) => baselineMean !== null)
    .map((row) => `${percent(row.accuracyMean)} (${besideOf(row)})`)
    .join(', ');
}

/** FEATURES.md with the tables of losses, and with the two columns as the results give them. */
export function withSurvey(features, { rows }) {
  const [from, to] = ['### Losses\n\n', '### Schemes'].map((heading) => features.indexOf(heading));
  const text = `${features.slice(0, from)}### Losses\n\n${lossTables()}\n${features.slice(to)}`;
  let isInMap = false;
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('## ')) isInMap = line === "## The survey's map";
    const cells = line.split(' | ');
    // Nothing is measured of a line without the two columns.
    if (!isInMap || !line.startsWith('| ') || cells.length < 4 || /^\| (item|---)/.test(line)) return line;
    const item = cells[0].replace(/^\| /, '');
    const file = cells[1].replaceAll('`', '');
    const measuredIn = (setting) => measured(rows, item, file, setting);
    return `${cells.slice(0, -2).join(' | ')} | ${measuredIn('few')} | ${measuredIn('all')} |`;
  });
  return lines.join('\n');
}
