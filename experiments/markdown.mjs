// The table for people.
import { leftOut } from './leftOut.mjs';

const TITLES = {
  few: 'few: 200 labelled digits, 7,800 without a label, a text reader as teacher',
  all: 'all: 8,000 labelled digits, a resnet8 as teacher',
};
const percent = (value) => (value === null ? '–' : (100 * value).toFixed(1));
const points = (value) => {
  const size = Math.abs(100 * value).toFixed(1);
  return `${value < 0 && Number(size) !== 0 ? '−' : '+'}${size}`;
};

/** The text of the table; the best rows of each setting come first. */
export function markdownOf({ machine, browser, quick, scoredOn, scored, note, rows }) {
  const settings = Object.keys(TITLES).filter((setting) => rows.some((row) => row.setting === setting));
  const parts = settings.map((setting) =>
    section(
      setting,
      rows.filter((row) => row.setting === setting),
    ),
  );
  const dates = rows.map(({ date }) => date.slice(0, 10)).sort();
  const commits = [...new Set(rows.map(({ commit }) => commit))].filter((commit) => commit !== '');
  const made = [
    `${machine}, Chromium ${browser}`,
    dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`,
    ...(commits.length > 0 ? [`of ${commits.join(', ')}`] : []),
  ];
  return `${[
    scoredOn === 'test' ? '# Every loss and scheme on handwritten digits' : '# What is chosen, on development digits',
    ...(note === undefined ? [] : [`**${note}**`]),
    ...(quick ? ['**A quick look with few examples: these figures mean nothing.**'] : []),
    `Accuracy on ${scored.toLocaleString('en')} ${scoredOn} digits in %, mean ± deviation over the seeds. ${made.join(', ')}.`,
    'How to read it: [README](../README.md).',
    ...parts,
    ...(scoredOn === 'test' ? ['## Not in this table', reasons()] : []),
  ].join('\n\n')}\n`;
}

const reasons = () =>
  Object.entries(leftOut)
    .map(([name, why]) => `- \`${name}\`: ${why}.`)
    .join('\n');

function section(setting, rows) {
  const lines = rows
    .toSorted((a, b) => b.accuracyMean - a.accuracyMean)
    .map((row) => {
      const { name, kind, teacher, accuracyMean, accuracyStdDev, seeds, baseline, baselineMean, verdict } = row;
      const accuracy = `${percent(accuracyMean)} ± ${(100 * accuracyStdDev).toFixed(2)}`;
      const beside = baseline === null ? '' : `${percent(baselineMean)} (${baseline})`;
      const added = row.added === null ? '' : `${row.addsTo}: ${gainOf(row.added)}, ${row.added.verdict}`;
      const cells = [name, kind, teacher, accuracy, seeds.length, beside, gainOf(row), verdict, added];
      return `| ${cells.join(' | ')} |`;
    });
  const head = ['method', 'kind', 'teacher', 'accuracy', 'seeds', 'held against', 'gain', 'verdict', 'adds to'];
  return [`## ${TITLES[setting]}`, '', `| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...lines].join(
    '\n',
  );
}

function gainOf({ gain, margin }) {
  if (gain === null) return '';
  return margin === null ? points(gain) : `${points(gain)} ± ${(100 * margin).toFixed(1)}`;
}
