// The table as a picture: for each row its accuracy with its deviation, and a line where the student without a teacher is. The
// ring of a row whose difference is not shown is empty.

const ROW = 18;
const LEFT = 350;
/** Of the axis at most, in accuracy; what lies below is drawn at its left end. */
const SPAN = 0.2;
const WIDTH = 460;
const TOP = 46;
const COLOURS = {
  baseline: '#6b7280',
  response: '#2563eb',
  intermediate: '#059669',
  relation: '#d97706',
  'mutual information': '#9333ea',
  combination: '#0891b2',
  'multi-teacher': '#dc2626',
  online: '#be185d',
  self: '#7c2d12',
  'cross-modal': '#4d7c0f',
  graph: '#1e3a8a',
  adaptation: '#a16207',
  expansion: '#0f766e',
  enhancement: '#c026d3',
};

/** The picture of a setting, as SVG; undefined where it has no row. */
export function pictureOf({ rows, scoredOn, scored }, setting) {
  const chosen = rows.filter((row) => row.setting === setting).sort((a, b) => b.accuracyMean - a.accuracyMean);
  return chosen.length === 0 ? undefined : draw(setting, chosen, `${scored.toLocaleString('en')} ${scoredOn} digits`);
}

function draw(setting, rows, digits) {
  const lowest = Math.floor(100 * Math.min(...rows.map((row) => row.accuracyMean - row.accuracyStdDev))) / 100;
  const most = Math.ceil(100 * Math.max(...rows.map((row) => row.accuracyMean + row.accuracyStdDev))) / 100;
  const least = Math.max(lowest, most - SPAN);
  const x = (value) => LEFT + ((Math.max(value, least) - least) / (most - least || 1)) * WIDTH;
  const height = TOP + rows.length * ROW + 90;
  const ticks = Array.from({ length: Math.round(100 * (most - least)) + 1 }, (_, i) => least + i / 100);
  const every = Math.max(1, Math.ceil(ticks.length / 10));
  const title = setting === 'few' ? '200 labels, a text reader as teacher' : 'all labels, a resnet8 as teacher';
  const axis = ticks
    .filter((_, i) => i % every === 0)
    .map(
      (value) =>
        `<line x1="${x(value)}" x2="${x(value)}" y1="${TOP}" y2="${TOP + rows.length * ROW}" stroke="#e5e7eb"/>` +
        `<text x="${x(value)}" y="${TOP - 6}" text-anchor="middle" fill="#6b7280">${(100 * value).toFixed(0)} %</text>`,
    );
  const bars = rows.map((row, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const [from, to] = [row.accuracyMean - row.accuracyStdDev, row.accuracyMean + row.accuracyStdDev].map(x);
    const colour = COLOURS[row.kind];
    const line =
      row.baselineMean === null
        ? ''
        : `<line x1="${x(row.baselineMean)}" x2="${x(row.baselineMean)}" y1="${y - 7}" y2="${y + 7}" stroke="#9ca3af" stroke-width="2"/>`;
    return (
      `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end" fill="#111827">${row.name}</text>${line}` +
      `<line x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="3" opacity="0.45"/>` +
      `<circle cx="${x(row.accuracyMean)}" cy="${y}" r="4" stroke="${colour}" stroke-width="1.5" fill="${isShown(row) ? colour : '#ffffff'}"/>` +
      `<text x="${LEFT + WIDTH + 14}" y="${y + 4}" fill="#374151">${(100 * row.accuracyMean).toFixed(1)}</text>`
    );
  });
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const legend = kinds.map((kind, i) => {
    const at = 20 + (i % 4) * 200;
    const y = TOP + rows.length * ROW + 22 + Math.floor(i / 4) * 18;
    return `<circle cx="${at}" cy="${y - 4}" r="4" fill="${COLOURS[kind]}"/><text x="${at + 10}" y="${y}" fill="#374151">${kind}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 70}" height="${height}" font-family="sans-serif" font-size="12">
<title>Accuracy on ${digits}: ${title}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="20" y="20" font-size="15" fill="#111827">Accuracy on ${digits}: ${title}</text>
${[...axis, ...bars, ...legend].join('\n')}
</svg>
`;
}

const isShown = ({ verdict }) => verdict !== 'not shown' && verdict !== 'not compared';
