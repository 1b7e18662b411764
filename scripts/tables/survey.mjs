// FEATURES.md's survey map: the tables of losses, from their docstrings and golden files, and the measured accuracies in the
// last two columns of all its tables; node scripts/docsTables.mjs writes them.
import { readdirSync, readFileSync } from 'node:fs';
import { besideOf } from '../../experiments/readmeTable.mjs';

const losses = new URL('../../src/losses/', import.meta.url);
const ROOMS = ['response', 'feature', 'relation', 'combination', 'ranking'];
const HEADS = ['item', 'file', 'source', 'reduction', 'weight beside `crossEntropy` 1', 'golden value', 'few', 'all'];

/** A table for each room of src/losses. */
function lossTables() {
  const barrel = readFileSync(new URL('all.ts', losses), 'utf8');
  const files = [...barrel.matchAll(/'\.\/(\w+)\/(\w+)\.ts'/g)];
  const golden = readdirSync(new URL('golden', losses)).map((file) => file.replace('.json', ''));
  return ROOMS.map((room) => {
    const lines = files.flatMap(([, of, name]) => (of === room ? [lossLine(room, name, golden)] : []));
    const head = `| ${HEADS.join(' | ')} |\n| ${HEADS.map(() => '---').join(' | ')} |`;
    return `#### ${room[0].toUpperCase()}${room.slice(1)}\n\n${head}\n${lines.join('\n')}\n\n`;
  }).join('');
}

/** Throws Error where the docstring of the factory lacks a row. */
function lossLine(room, name, golden) {
  const text = readFileSync(new URL(`${room}/${name}.ts`, losses), 'utf8');
  const end = text.search(new RegExp(`^ \\*/\\nexport function ${name}\\(`, 'm'));
  const doc = text.slice(text.lastIndexOf('/**', end), end).replaceAll(/\n \* {11}/g, ' ');
  const row = (of) => {
    const found = new RegExp(`^ \\* ${of} {2,}(.*)$`, 'm').exec(doc);
    if (found === null) throw new Error(`The docstring of ${name} has no row "${of}"; FEATURES.md is made from it.`);
    return found[1].replaceAll('|', '\\|');
  };
  // What stands before the first colon, or the first sentence.
  const item = /^\/\*\*\n \* ([\s\S]*?)[:.]\s/.exec(doc)[1].replaceAll('\n *', '');
  const weight = /^ \* Weight {2}/m.test(doc) ? row('Weight') : '';
  return `| ${[item, `\`${name}\``, row('Source'), row('Reduces'), weight, goldenCell(name, golden)].join(' | ')} |  |  |`;
}

/** The first case of its golden file; of several files, the one of its very name or the first. */
function goldenCell(name, golden) {
  const own = golden.filter((file) => file === name || new RegExp(`^${name}[A-Z\\d]`).test(file)).sort();
  const { cases } = JSON.parse(readFileSync(new URL(`golden/${own[0]}.json`, losses), 'utf8'));
  const [{ inputs, scale, options, value }] = cases;
  return `${value} (\`${own[0]}\`, ${inputs}, scale ${scale}, \`${JSON.stringify(options)}\`)`;
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
  const text = `${features.slice(0, from)}### Losses\n\n${lossTables()}${features.slice(to)}`;
  let isInMap = false;
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('## ')) isInMap = line === "## The survey's map";
    const cells = line.split(' | ');
    // Nothing is measured of a line without the two columns.
    if (!isInMap || !line.startsWith('| ') || cells.length < 6 || /^\| (item|---)/.test(line)) return line;
    const item = cells[0].replace(/^\| /, '');
    const file = cells[1].replaceAll('`', '');
    const measuredIn = (setting) => measured(rows, item, file, setting);
    return `${cells.slice(0, -2).join(' | ')} | ${measuredIn('few')} | ${measuredIn('all')} |`;
  });
  return lines.join('\n');
}
