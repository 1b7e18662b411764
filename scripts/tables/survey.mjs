// The measured accuracies in the last two columns of FEATURES.md's survey map; node scripts/docsTables.mjs writes them.
import { besideOf } from '../../experiments/readmeTable.mjs';

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

/** FEATURES.md with the two columns as the results give them. */
export function withSurvey(text, { rows }) {
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
