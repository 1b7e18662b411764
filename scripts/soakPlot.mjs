// What a soak measured, as a picture: memory and threads over rounds, a line for each engine and ownership.

const COLOURS = { chromium: '#1a73e8', firefox: '#e66000', webkit: '#555555' };
const PANELS = [
  { title: 'memory of the browser, MB', value: ({ memoryBytes }) => memoryBytes / 1e6 },
  { title: 'threads of the browser', value: ({ threads }) => threads },
  { title: 'of these, workers', value: ({ workers }) => workers },
];
const [WIDTH, HEIGHT, LEFT, TOP, BETWEEN] = [720, 150, 60, 40, 50];

/** An SVG document of a soak's report (scripts/soak.mjs). */
export function soakPlot({ machine, date, results }) {
  const most = Math.max(...results.map(({ rounds }) => rounds.length));
  const panels = PANELS.map((panel, i) => panelOf(panel, results, most, TOP + i * (HEIGHT + BETWEEN)));
  const height = TOP + PANELS.length * (HEIGHT + BETWEEN) + 30;
  const caption = `rounds of load, distil, personalize, export, dispose · ${machine} · ${date.slice(0, 10)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 170} ${height}" font-family="sans-serif" font-size="12">
<title>What a browser holds, round by round</title>
<rect width="100%" height="100%" fill="white"/>
${panels.join('\n')}
${legendOf(results)}
<text x="${LEFT}" y="${height - 12}">${caption}</text>
</svg>
`;
}

function panelOf({ title, value }, results, most, top) {
  const highest = 1.1 * Math.max(1, ...results.flatMap(({ rounds }) => rounds.map(value)));
  const x = (round) => LEFT + (WIDTH * round) / Math.max(1, most - 1);
  const y = (amount) => top + HEIGHT - (HEIGHT * amount) / highest;
  const lines = results.map(
    (result) =>
      `<polyline fill="none" stroke="${COLOURS[result.engine]}"${dashOf(result)} points="${result.rounds
        .map((round, i) => `${x(i).toFixed(1)},${y(value(round)).toFixed(1)}`)
        .join(' ')}"/>`,
  );
  const labels = [0, highest / 2, highest].map(
    (amount) => `<text x="${LEFT - 6}" y="${y(amount) + 4}" text-anchor="end">${amount.toFixed(0)}</text>`,
  );
  return `<text x="${LEFT}" y="${top - 8}" font-weight="bold">${title}</text>
<path d="M${LEFT} ${top}V${top + HEIGHT}H${LEFT + WIDTH}" fill="none" stroke="#999"/>
<text x="${LEFT + WIDTH}" y="${top + HEIGHT + 14}" text-anchor="end">${most} rounds</text>
${[...labels, ...lines].join('\n')}`;
}

function legendOf(results) {
  return results
    .map((result, i) => {
      const y = TOP + 12 + 18 * i;
      const x = LEFT + WIDTH + 12;
      return `<line x1="${x}" x2="${x + 24}" y1="${y - 4}" y2="${y - 4}" stroke="${COLOURS[result.engine]}"${dashOf(result)}/><text x="${x + 30}" y="${y}">${result.engine}, ${result.trainer}</text>`;
    })
    .join('\n');
}

const dashOf = ({ trainer }) => (trainer === 'own' ? ' stroke-dasharray="5 3"' : '');
