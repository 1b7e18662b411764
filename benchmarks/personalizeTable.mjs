// What benchmarks/personalize.mjs came to, for a terminal.
export const percent = (value) => `${(100 * value).toFixed(1)} %`;
const points = (value) => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;
export const change = ({ before, after }) => `${percent(before)} → ${percent(after)} (${points(after - before)})`;

/** The figures beside what is wanted of them, then a table of methods and one of peers, as far as they were measured. */
export function printPersonalize(result) {
  const {
    users,
    after,
    base,
    baseWorst,
    patchBytes,
    adaptMs,
    ranges,
    methods = {},
    peers = {},
    alone = {},
    onnx,
  } = result;
  if (users) {
    const fallen = users.filter(({ before, after }) => after < before).map(({ name }) => name);
    console.log(`\n${users.length} people, accuracy on their held-out digits (wanted)`);
    printLine('gain, mean', `${points(result.gain)} points (at least +5)`, ranges.gain.map(points));
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
  if (Object.keys(peers).length > 0) {
    printTable('peers, on the same examples', { ...limbeck, ...alone, ...peers });
  }
  if (onnx) {
    console.log(`\nthe reader as an ONNX file, ${percent(result.onnxBefore)} as it came`);
    for (const [count, accuracy] of Object.entries(onnx)) printLine(`${count} of each`, percent(accuracy));
  }
}

function printLine(name, text, range) {
  console.log(`  ${name.padEnd(16)} ${text}${range ? `   ${range.join(' … ')}` : ''}`);
}

function printTable(title, rows) {
  if (Object.keys(rows).length > 0) console.log(`\n${title}`);
  for (const [name, row] of Object.entries(rows)) {
    const { after, gain, leastGain, base, patchBytes, bytes = patchBytes, adaptMs } = row;
    const gained = gain === undefined ? '' : `   gain ${points(gain)}, least ${points(leastGain)}`;
    const size = `${(bytes / 1000).toFixed(1)} KB`;
    const figures = `${percent(after).padStart(7)} ${size.padStart(9)} ${adaptMs.toFixed(0).padStart(6)} ms`;
    console.log(`  ${name.padEnd(20)} ${figures}   base ${change(base)}${gained}`);
  }
}
