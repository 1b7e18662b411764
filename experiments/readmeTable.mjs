// The documentation's table of what a teacher adds, and the sentence below it.

/** What it shows, and the row that this is. */
const SHOWN = {
  KD: 'softTargets',
  'KD, digits varied': 'softTargets, varied digits',
  DKD: 'decoupledTargets',
  'standardised logits': 'standardizedTargets',
  'KD + similarity (SP)': 'softTargets + similarity',
  'KD + contrast (CRD)': 'softTargets + contrastive',
  'KD + feature hints (FitNets)': 'softTargets + featureHint',
  'KD + attention maps': 'softTargets + attentionMap',
  'two teachers, digits varied': 'ensemble, mean of logits',
  'KD + two students that teach each other': 'mutual',
  'graph teacher': 'graphTeacher',
  'KD into 32 hidden units': 'softTargets, mlp 32',
};
const SETTINGS = ['few', 'all'];
const percent = (value) => (100 * value).toFixed(1);

/** Markdown. Throws Error where a row is missing in both settings. */
export function readmeTable({ scored, rows }) {
  const named = (setting, name) => rows.find((row) => row.setting === setting && row.name === name);
  const taught = percent(named('all', 'softTargets')?.teacherAccuracy ?? Number.NaN);
  const lines = Object.entries(SHOWN).map(([title, name]) => {
    const cells = SETTINGS.map((setting) => named(setting, name));
    if (cells.every((row) => row === undefined)) throw new Error(`There is no row "${name}".`);
    return `| ${[title, ...cells.map(cell)].join(' | ')} |`;
  });
  return [
    `| accuracy on ${scored.toLocaleString('en')} test digits, % | few: 200 labels, a text reader teaches | all: 8,000 labels, a \`resnet8\` (${taught} %) teaches |`,
    '| --- | --- | --- |',
    ...lines,
    '',
    `By a paired test over the seeds, ${SETTINGS.map((setting) => counted(setting, rows)).join('. ')}.`,
  ].join('\n');
}

function cell(row) {
  if (row === undefined) return '–';
  return `${percent(row.accuracyMean)} ± ${percent(row.accuracyStdDev)} (${besideOf(row)})`;
}

/** The accuracy without a teacher, and the verdict where it is not 'better'. */
export function besideOf({ baselineMean, verdict }) {
  return `${percent(baselineMean)}${verdict === 'better' ? '' : `, ${verdict}`}`;
}

function counted(setting, rows) {
  const compared = rows.filter((row) => row.setting === setting && row.verdict !== 'baseline');
  const count = (verdict) => compared.filter((row) => row.verdict === verdict).length;
  return (
    `${count('better')} of the ${compared.length} rows of *${setting}* are better than without a teacher, ` +
    `${count('worse')} are worse, and for ${count('not shown')} neither is shown`
  );
}
