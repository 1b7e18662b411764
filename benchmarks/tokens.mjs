// How fast a decoder writes, one text at a time: limbeck's `generate` and, where Python has it, native PyTorch at its best settings, by
// turns. Both keep the keys and values of earlier tokens, and draw each token with temperature 0.7 and top-p 0.95.
// Usage: node benchmarks/tokens.mjs [--json FILE] [--runs N] [--budget SECONDS]   (budget: for each row in each run; default 3)
import { parseArgs } from 'node:util';
import { openPage } from './openPage.mjs';
import { openTorch } from './torch.mjs';
import { writeResult } from './writeResult.mjs';

/** The student of the worked example of generation. */
const SIZE = { length: 63, vocabulary: 33, width: 96, heads: 4, hidden: 256, blocks: 2 };
const THREADS = [1, 2];

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string', default: '3' },
    budget: { type: 'string', default: '3' },
  },
});
const settings = { eachMs: 1000 * Number(values.budget), runs: Number(values.runs) };

const { bench, tab, about, close } = await openPage({ script: 'benchmarks/pages/tokens.ts' });
const torch = await openTorch('benchmarks/torchTokens.py');
try {
  await tab.exposeFunction('askBeside', (name, request) => torch.ask(name, request));
  const beside = [];
  for (const threads of torch.skipped ? [] : THREADS) {
    for (const { name, layout, request } of await torch.waysOf(SIZE, threads)) {
      const way = `${layout}, ${name}`;
      beside.push({ row: `torch/${threads}`, key: `torch/${threads} ${way}`, way, name, request });
    }
  }
  const here = THREADS.map((threads) => ({ row: `limbeck/${threads}`, key: `limbeck/${threads}`, threads }));
  const found = await bench('measure', SIZE, here, beside, settings);
  // Of PyTorch's ways to write and to spend two threads, the quickest.
  const rows = {};
  for (const { row, key, way } of [...here, ...beside]) {
    const { toFirst: _, ...figures } = found[key];
    if (figures.skipped) throw new Error(`${key}: ${figures.skipped}`);
    if (rows[row]?.medianMs <= figures.medianMs) continue;
    rows[row] = { tokensPerSecond: (1000 * SIZE.length) / figures.medianMs, ...(way && { way }), ...figures };
  }
  const { figures } = await import('../scripts/figures.mjs');
  for (const [row, { tokensPerSecond }] of Object.entries(rows))
    console.log(`${row.padEnd(10)} ${figures(tokensPerSecond)} tokens a second`);
  if (torch.skipped) console.log(torch.skipped);
  await writeResult(values.json, { ...about, torch: torch.version, runs: settings.runs, size: SIZE, rows });
} finally {
  torch.close();
  await close();
}
