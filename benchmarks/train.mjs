// One training step (forward, backward, Adam) of the six reference students: limbeck's kernels against stock tfjs, jax-js
// and, where Python has it, native PyTorch at its best settings.
// Usage: node benchmarks/train.mjs [--json FILE] [--student NAME]… [--rows TEXT]… [--runs N] [--profile NAME]
//
// In each run each side has a turn on each student, alone: the others sleep. A process is slow at first, so a turn begins with
// steps that do not count. A figure is the median of the runs' medians (p90: of all counted steps).
// PyTorch's is the best of its ways to spend two threads and of its memory layouts; all of them are in the result file.
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    student: { type: 'string', multiple: true },
    rows: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    profile: { type: 'string' },
  },
});
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { build }, { openTorch }, { printProfile, printStudent, quantile }] = await Promise.all(
  [
    import('playwright-core'),
    import('../scripts/serve.mjs'),
    import('esbuild'),
    import('./torch.mjs'),
    import('./print.mjs'),
  ],
);

const NAMES = ['mlp', 'cnn', 'ds-cnn', 'resnet8', 'mobilenet-v1-0.25', 'transformer-tiny'];
/** `isSlow`: a step takes seconds, so one is counted in each turn, and one before the first turn is not. */
const ROWS = [
  { row: 'kernels/relaxed/2', level: 'relaxed', options: { threads: 2 } },
  { row: 'kernels/relaxed/1', level: 'relaxed', options: { threads: 1 } },
  { row: 'kernels/simd/2', level: 'simd', options: { threads: 2, simdLevel: 'simd' } },
  { row: 'kernels/simd/1', level: 'simd', options: { threads: 1, simdLevel: 'simd' } },
  { row: 'tfjs-wasm', level: 'relaxed', options: { threads: 2 }, isStock: true },
  { row: 'tfjs-cpu', level: 'simd', options: { backend: 'cpu' }, isStock: true, isSlow: true },
  { row: 'jax-js', worker: 'jax', students: ['mlp', 'cnn'] },
  { row: 'torch/1', threads: 1 },
  { row: 'torch/2', threads: 2 },
];
const TURN = { warmMs: 400, measureMs: 1200, least: 5 };
const wanted = values.student ?? NAMES;
const unknown = [...wanted, ...(values.profile ? [values.profile] : [])].find((name) => !NAMES.includes(name));
if (unknown !== undefined) throw new Error(`There is no student "${unknown}"; there are ${NAMES.join(', ')}.`);
const runs = Number(values.runs);
if (!(runs >= 1)) throw new Error(`--runs was ${values.runs}; it must be a number of at least 1.`);

const { outputFiles } = await build({
  entryPoints: ['benchmarks/pages/train.ts', 'benchmarks/pages/jax.ts'],
  bundle: true,
  write: false,
  outdir: 'out',
  format: 'esm',
  platform: 'browser',
  mainFields: ['module', 'main'],
  external: ['node:fs/promises', '/jax.js'],
  logLevel: 'error',
});
const jax = await build({
  stdin: { contents: "export * from '@jax-js/jax';", resolveDir: root },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  logLevel: 'error',
});
const script = (body) => ({ type: 'text/javascript', body });
const stock = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
const server = await serve('dist', {
  extra: {
    '/bench.html': { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
    '/train.js': script(outputFiles.find(({ path }) => path.endsWith('train.js')).text),
    '/jax-worker.js': script(outputFiles.find(({ path }) => path.endsWith('jax.js')).text),
    '/jax.js': script(jax.outputFiles[0].text),
    // Stock tfjs has its own files, the threaded one too.
    ...Object.fromEntries(
      stock.map((file) => [
        `/tfjs/${file}`,
        {
          type: 'application/wasm',
          body: readFileSync(`${root}node_modules/@tensorflow/tfjs-backend-wasm/dist/${file}`),
        },
      ]),
    ),
  },
});
const fma = { relaxed: readFileSync('dist/peak-relaxed.wasm'), simd: readFileSync('dist/peak-simd.wasm') };
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
const page = await browser.newPage();
await page.goto(`${server.url}/bench.html`);
await page.evaluate(() => {
  const workers = new Map();
  /** Asks the worker of a row, which is started at the first question; one question at a time. */
  globalThis.ask = (row, url, request) => {
    if (!workers.has(row)) workers.set(row, new Worker(url, { type: 'module' }));
    const worker = workers.get(row);
    if (request.fmaModule) request.fmaModule = Uint8Array.from(request.fmaModule);
    return new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => resolve({ error: event.message || 'the worker did not load' });
      worker.postMessage(request);
    });
  };
});

async function ask(row, request) {
  const url = row.worker === 'jax' ? '/jax-worker.js' : '/train.js';
  const { result, error } = await page.evaluate((args) => globalThis.ask(...args), [row.row, url, request]);
  if (error !== undefined) throw new Error(error);
  return result;
}

const torch = await openTorch();
const isAsked = ({ row }) => values.rows === undefined || values.rows.some((text) => row.includes(text));
const rows = ROWS.filter(isAsked);
const skipped = new Map();
for (const row of rows) {
  if (row.row.startsWith('torch/')) {
    if (torch.skipped) skipped.set(row.row, torch.skipped);
    continue;
  }
  try {
    const fmaModule = row.worker === 'jax' ? undefined : [...fma[row.level]];
    const { threads } = await ask(row, { ask: 'open', options: row.options, isStock: row.isStock === true, fmaModule });
    // Stock tfjs takes at most half of the cores: that is its best, and the result says so.
    if (row.isStock) row.threadsTaken = threads;
    else if (threads < row.options?.threads) skipped.set(row.row, `only ${threads} thread here`);
  } catch (error) {
    skipped.set(row.row, error.message.split('\n')[0]);
  }
}

const result = {
  machine: machineName(),
  browser: browser.version(),
  torch: torch.version,
  runs,
  date: new Date().toISOString(),
  fmaPeakGflops: 0,
  fmaPeakSimdGflops: 0,
  gemm: {},
  students: {},
};
const rowNamed = (name) => rows.find(({ row }) => row === name);

async function measurePeakAndProducts() {
  const one = rowNamed('kernels/relaxed/1');
  const two = rowNamed('kernels/relaxed/2');
  const plain = rowNamed('kernels/simd/1');
  const peaks = [];
  const products = { 1: {}, 2: {} };
  // Interleaved, so that a busy moment of the machine hits both sides of the ratio.
  for (let round = 0; round < 5; round++) {
    if (one) peaks.push(...(await ask(one, { ask: 'peak' })));
    for (const [threads, row] of [
      [1, one],
      [2, two],
    ]) {
      if (!row || skipped.has(row.row)) continue;
      for (const [name, rates] of Object.entries(await ask(row, { ask: 'products', count: 8 }))) {
        products[threads][name] = [...(products[threads][name] ?? []), ...rates];
      }
    }
  }
  if (plain) result.fmaPeakSimdGflops = quantile(await ask(plain, { ask: 'peak' }), 0.5);
  result.fmaPeakGflops = quantile(peaks, 0.5);
  for (const name of ['nn', 'tn', 'nt', 'tt']) {
    result.gemm[name] = Object.fromEntries(
      [1, 2].filter((threads) => products[threads][name]).map((t) => [t, quantile(products[t][name], 0.5)]),
    );
    const [single, double] = [result.gemm[name][1], result.gemm[name][2]];
    console.log(
      `512³ ${name}  ${single?.toFixed(1)} GFLOP/s on one thread (${((100 * single) / result.fmaPeakGflops).toFixed(0)} % of ` +
        `${result.fmaPeakGflops.toFixed(1)}), ${double?.toFixed(1)} on two (${(double / single).toFixed(2)} ×)`,
    );
  }
}

/** Milliseconds of the steps of one turn, by way: limbeck, tfjs and jax-js have one. */
async function timesOf(row, student, run) {
  const turn = row.isSlow ? { warmMs: run === 0 ? 1 : 0, measureMs: 0, least: 1 } : TURN;
  if (row.threads) return { ways: await torch.steps(student, row.threads, turn) };
  const { times, flops } = await ask(row, { ask: 'steps', student, ...turn });
  return { ways: { only: times }, flops };
}

async function measureStudent(student) {
  const turns = new Map(rows.map((row) => [row.row, {}]));
  const why = {};
  let flops = 0;
  for (let run = 0; run < runs; run++) {
    for (const row of rows) {
      if (why[row.row] !== undefined || skipped.has(row.row)) continue;
      if (row.students && !row.students.includes(student)) {
        why[row.row] = 'not written for this peer';
        continue;
      }
      try {
        const answer = await timesOf(row, student, run);
        flops = answer.flops ?? flops;
        const kept = turns.get(row.row);
        for (const [way, times] of Object.entries(answer.ways)) kept[way] = [...(kept[way] ?? []), times];
      } catch (error) {
        why[row.row] = error.message.split('\n')[0].replace(/^Error: /, '');
      }
    }
  }
  result.students[student] = Object.fromEntries(
    rows.map((row) => {
      const reason = why[row.row] ?? skipped.get(row.row);
      if (reason !== undefined) return [row.row, { skipped: reason }];
      const ways = Object.entries(turns.get(row.row)).map(([way, each]) => ({ way, ...summaryOf(each) }));
      const [{ way, ...best }] = ways.toSorted((a, b) => a.medianMs - b.medianMs);
      const others = row.threads && { way, ways: Object.fromEntries(ways.map((each) => [each.way, each.medianMs])) };
      const peak = row.row.includes('/simd/') ? result.fmaPeakSimdGflops : result.fmaPeakGflops;
      const rooflineFraction = row.row.startsWith('kernels/') && {
        rooflineFraction: flops / 1e6 / best.medianMs / peak / row.options.threads,
      };
      const threadsTaken = row.threadsTaken > 0 && { threadsTaken: row.threadsTaken };
      return [row.row, { ...best, ...rooflineFraction, ...threadsTaken, ...others }];
    }),
  );
  printStudent(student, result.students[student]);
}

/** Of each run's steps: the median of the runs' medians, what they ranged over, and p90 of all. */
function summaryOf(turnsOfRuns) {
  const medians = turnsOfRuns.map((times) => quantile(times, 0.5));
  return {
    medianMs: quantile(medians, 0.5),
    runsMs: [Math.min(...medians), Math.max(...medians)],
    p90Ms: quantile(turnsOfRuns.flat(), 0.9),
  };
}

try {
  if (values.profile) {
    const row = rowNamed('kernels/relaxed/2') ?? rows[0];
    console.log(`${values.profile} on ${row.row}`);
    printProfile(await ask(row, { ask: 'profile', student: values.profile, count: 20 }));
  } else {
    await measurePeakAndProducts();
    for (const student of wanted) await measureStudent(student);
  }
} finally {
  torch.close();
  await browser.close();
  await server.close();
}
if (values.json) {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
