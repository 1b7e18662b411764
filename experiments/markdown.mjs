// The table for people.
import { writeFile } from 'node:fs/promises';

const TITLES = {
  few: 'few: 200 labelled digits, 7,800 without a label, a text reader as teacher',
  all: 'all: 8,000 labelled digits, a resnet8 as teacher',
};
const percent = (value) => (value === null ? '–' : (100 * value).toFixed(1));

/** Writes it beside the JSON; the best rows of each setting come first. */
export async function writeTable({ machine, browser, date, quick, rows }, leftOut, file) {
  const settings = Object.keys(TITLES).filter((setting) => rows.some((row) => row.setting === setting));
  const parts = settings.map((setting) =>
    section(
      setting,
      rows.filter((row) => row.setting === setting),
    ),
  );
  const reasons = Object.entries(leftOut).map(([name, why]) => `- \`${name}\`: ${why}.`);
  const head = `Accuracy on 2,000 held-out digits in %, mean ± deviation over the seeds. ${machine}, Chromium ${browser}, ${date.slice(0, 10)}.`;
  const text = [
    '# Every loss and scheme on handwritten digits',
    ...(quick ? ['**A quick look with few examples: these figures mean nothing.**'] : []),
    `${head} How to read it: [README](../README.md).`,
    ...parts,
    '## Not in this table',
    reasons.join('\n'),
  ];
  await writeFile(file, `${text.join('\n\n')}\n`);
}

function section(setting, rows) {
  const lines = rows
    .toSorted((a, b) => b.accuracyMean - a.accuracyMean)
    .map(({ name, kind, teacher, accuracyMean, accuracyStdDev, seeds, baseline, baselineMean, verdict, msPerRun }) => {
      const accuracy = `${percent(accuracyMean)} ± ${(100 * accuracyStdDev).toFixed(2)}`;
      const beside = baseline === null ? '' : `${percent(baselineMean)} (${baseline})`;
      const cells = [name, kind, teacher, accuracy, seeds.length, beside, verdict, (msPerRun / 1000).toFixed(1)];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    `## ${TITLES[setting]}`,
    '',
    '| method | kind | teacher | accuracy | seeds | held against | verdict | s a run |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
