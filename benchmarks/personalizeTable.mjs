// The results of benchmarks/personalize.mjs, for a terminal and as a Markdown table.
import { percent, points } from '../scripts/tables/markdown.mjs';
import { quantile } from './print.mjs';

export { percent };
export const change = ({ before, after }) => `${percent(before)} → ${percent(after)} (${points(after - before)})`;

/** The figures with their targets, then tables of methods and peers, as far as measured. */
export function printPersonalize(result) {
  printPeople(result, 'people');
  if (result.test) printPeople(result.test, 'further people, by whom nothing was chosen');
  if (result.onnx) {
    console.log(`\nthe reader as an ONNX file, ${percent(result.onnxBefore)} as it came`);
    for (const [count, accuracy] of Object.entries(result.onnx)) printLine(`${count} of each`, percent(accuracy));
  }
}

/**
 * One set of people as a table in Markdown: each of them, then mean and median, and who was refused.
 * @param {{ users: readonly User[] }} result the result file, or its `test`
 */
export function peopleMarkdown({ users }) {
  const gains = users.map(({ before, after }) => after - before);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const sayBase = ({ before, after }) => points(after - before);
  const rows = users.map(({ name, before, after, base, isAccepted, judged, lost, gained }) => [
    name,
    percent(before),
    percent(after),
    points(after - before),
    sayBase(base),
    `${isAccepted ? 'taken' : '**refused**'}: ${lost} lost, ${gained} gained of ${judged}`,
  ]);
  const refused = users.filter(({ isAccepted }) => !isAccepted).length;
  const ofAll = (of) => [percent(of(users.map(({ before }) => before))), percent(of(users.map(({ after }) => after)))];
  const lines = [
    ['who', 'before', 'after', 'points', 'base, points', 'the guard'],
    ['---', '--:', '--:', '--:', '--:', '---'],
    ...rows,
    [
      '**mean**',
      ...ofAll(mean),
      points(mean(gains)),
      points(mean(users.map(({ base }) => base.after - base.before))),
      `${refused} of ${users.length} refused`,
    ],
    [
      '**median**',
      ...ofAll(median),
      points(median(gains)),
      points(median(users.map(({ base }) => base.after - base.before))),
      '',
    ],
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const median = (values) => quantile(values, 0.5);

function printPeople(result, who) {
  const { users, after, base, baseWorst, patchBytes, adaptMs, ranges, methods = {}, peers = {}, alone = {} } = result;
  if (users) {
    const fallen = users.filter(({ before, after: then }) => then < before).map(({ name }) => name);
    const refused = users.filter(({ isAccepted }) => !isAccepted).map(({ name }) => name);
    console.log(`\n${users.length} ${who}, accuracy on their held-out digits (wanted)`);
    printLine('gain, mean', `${points(result.gain)} points (at least +5)`, ranges.gain.map(points));
    printLine('gain, median', `${points(result.medianGain)} points`);
    printLine('refused', refused.length === 0 ? 'nobody' : refused.join(', '));
    printLine('who fell', `${fallen.length === 0 ? 'nobody' : fallen.join(', ')} (nobody)`);
    printLine('base', `${change(base)} (at most −1)`);
    printLine('base, worst', `${change(baseWorst)}, ${baseWorst.name}`);
    printLine('patch', `${(patchBytes / 1000).toFixed(1)} KB (at most 20)`);
    printLine(
      'adapt, median',
      `${adaptMs.toFixed(0)} ms (at most 1000)`,
      ranges.adaptMs.map((ms) => ms.toFixed(0)),
    );
  }
  const limbeck = users && { limbeck: { after, base, adaptMs, bytes: patchBytes } };
  printTable('methods', methods);
  if (Object.keys(peers).length > 0) printTable('peers, on the same examples', { ...limbeck, ...alone, ...peers });
}

function printLine(name, text, range) {
  console.log(`  ${name.padEnd(16)} ${text}${range ? `   ${range.join(' … ')}` : ''}`);
}

function printTable(title, rows) {
  if (Object.keys(rows).length > 0) console.log(`\n${title}`);
  for (const [name, row] of Object.entries(rows)) {
    const {
      after,
      gain,
      leastGain,
      medianGain = gain,
      refused = 0,
      base,
      patchBytes,
      bytes = patchBytes,
      adaptMs,
    } = row;
    const gained =
      gain === undefined
        ? ''
        : `   gain ${points(gain)}, median ${points(medianGain)}, least ${points(leastGain)}, ${refused} refused`;
    const size = `${(bytes / 1000).toFixed(1)} KB`;
    const figures = `${percent(after).padStart(7)} ${size.padStart(9)} ${adaptMs.toFixed(0).padStart(6)} ms`;
    console.log(`  ${name.padEnd(20)} ${figures}   base ${change(base)}${gained}`);
  }
}
