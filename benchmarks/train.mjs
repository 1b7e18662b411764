// One training step (forward, backward, Adam) of the six reference students: limbeck's kernels against stock tfjs, jax-js
// and, where Python has it, native PyTorch at its best settings. With --sequences, of students that learn sequences: a decoder, the
// two recurrent cells, a reader of text lines with CTC.
// Usage: node benchmarks/train.mjs [--sequences] [--json FILE] [--student NAME]… [--rows TEXT]… [--runs N] [--budget SECONDS] [--profile NAME]
//   --budget        for each row in each run; default 3
//
// All sides are open at once, each in a worker or a process of its own, and are timed by the benchmark's method: warm, by turns,
// while the others sleep. A figure is the median of the steps of all runs, with the interval in which it lies, and the lowest and
// highest median of a run. PyTorch's is the best of its ways to spend two threads and of its memory layouts; all of them
// are in the result file.
import { parseArgs } from 'node:util';
import { root } from '../scripts/ensure.mjs';
import { openPage } from './openPage.mjs';
import { printProfile, printStudent } from './print.mjs';
import { openTorch } from './torch.mjs';
import { writeResult } from './writeResult.mjs';

const { values } = parseArgs({
  options: {
    sequences: { type: 'boolean', default: false },
    json: { type: 'string' },
    student: { type: 'string', multiple: true },
    rows: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    budget: { type: 'string', default: '3' },
    profile: { type: 'string' },
  },
});
const NAMES = values.sequences
  ? ['decoder', 'gru', 'lstm', 'crnn']
  : ['mlp', 'cnn', 'ds-cnn', 'resnet8', 'mobilenet-v1-0.25', 'transformer-tiny'];
/** `isSlow`: a step takes seconds, so it is measured alone, and in each run one step counts, after one that does not. */
const ROWS = [
  { row: 'kernels/relaxed/2', level: 'relaxed', options: { threads: 2 } },
  { row: 'kernels/relaxed/1', level: 'relaxed', options: { threads: 1 } },
  { row: 'kernels/simd/2', level: 'simd', options: { threads: 2, simdLevel: 'simd' } },
  { row: 'kernels/simd/1', level: 'simd', options: { threads: 1, simdLevel: 'simd' } },
  { row: 'tfjs-wasm', level: 'relaxed', options: { threads: 2 }, isStock: true },
  { row: 'tfjs-cpu', level: 'simd', options: { backend: 'cpu' }, isStock: true, isSlow: true },
  { row: 'jax-js', script: '/jax-worker.js', students: ['mlp', 'cnn'] },
  { row: 'torch/1', threads: 1 },
  { row: 'torch/2', threads: 2 },
];
const FACTORS = ['nn', 'tn', 'nt', 'tt'];
const wanted = values.student ?? NAMES;
const unknown = [...wanted, ...(values.profile ? [values.profile] : [])].find((name) => !NAMES.includes(name));
if (unknown !== undefined) throw new Error(`There is no student "${unknown}"; there are ${NAMES.join(', ')}.`);
const [runs, seconds] = ['runs', 'budget'].map((name) => Number(values[name]));
if (!(runs >= 1)) throw new Error(`--runs was ${values.runs}; it must be a number of at least 1.`);
if (!(seconds > 0)) throw new Error(`--budget was ${values.budget}; it must be a number of seconds above 0.`);

const { bench, tab, about, close } = await openPage({
  script: 'benchmarks/pages/measure.ts',
  workers: { '/train.js': 'benchmarks/pages/train.ts', '/jax-worker.js': 'benchmarks/pages/jax.ts' },
  extra: servedPeers,
});

/** jax-js for its worker, and stock tfjs's own files, the threaded one too. */
async function servedPeers() {
  const [{ readFile }, { build }] = await Promise.all([import('node:fs/promises'), import('esbuild')]);
  const jax = await build({
    stdin: { contents: "export * from '@jax-js/jax';", resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  const stock = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
  const files = stock.map(async (file) => [
    `/tfjs/${file}`,
    { type: 'application/wasm', body: await readFile(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${file}`) },
  ]);
  return {
    '/jax.js': { type: 'text/javascript', body: jax.outputFiles[0].text },
    ...Object.fromEntries(await Promise.all(files)),
  };
}

/** Where the work of a row is done. */
const placeOf = ({ row, script = '/train.js' }) => ({ name: row, script });
const shortly = (error) =>
  error.message
    .split('\n')[0]
    .replace(/^page\.evaluate: /, '')
    .replace(/^(Error: )+/, '');

const torch = await openTorch();
await tab.exposeFunction('askBeside', (name, request) => torch.ask(name, request));
const isAsked = ({ row }) => values.rows === undefined || values.rows.some((text) => row.includes(text));
const rows = ROWS.filter(isAsked);
const skipped = new Map();
/** Floating-point operations of a pass over the peak, and of a product. */
let operations;
for (const row of rows) {
  if (row.row.startsWith('torch/')) {
    if (torch.skipped) skipped.set(row.row, torch.skipped);
    continue;
  }
  try {
    const { options, level, isStock = false } = row;
    const opened = await bench('ask', placeOf(row), { ask: 'open', options, level, isStock });
    operations ??= opened.operations;
    // Stock tfjs takes at most half of the cores: that is its best, and the result says so.
    if (isStock) row.threadsTaken = opened.threads;
    else if (opened.threads < options?.threads) skipped.set(row.row, `only ${opened.threads} thread here`);
  } catch (error) {
    skipped.set(row.row, shortly(error));
  }
}

const result = {
  ...{ machine: about.machine, browser: about.browser, torch: torch.version, runs, date: about.date },
  ...{ fmaPeakGflops: 0, fmaPeakSimdGflops: 0, gemm: {}, students: {} },
};
const rowNamed = (name) => rows.find(({ row }) => row === name && !skipped.has(name));

/** The multiply-add peak of a core, and products of matrices on one thread and on two, by turns with it. */
async function measurePeakAndProducts() {
  const [one, two, plain] = ['kernels/relaxed/1', 'kernels/relaxed/2', 'kernels/simd/1'].map(rowNamed);
  const peaks = [one, plain].flatMap((row) =>
    row ? [{ key: row.row, place: placeOf(row), request: { ask: 'peak' } }] : [],
  );
  const products = [one, two].flatMap((row) =>
    FACTORS.flatMap((factors) =>
      row
        ? [{ key: `${factors} ${row.options.threads}`, place: placeOf(row), request: { ask: 'product', factors } }]
        : [],
    ),
  );
  if (peaks.length + products.length === 0) return;
  const found = await bench('measure', [...peaks, ...products], { eachMs: 1000 * seconds, runs: 1 });
  const rateOf = (key, each) => each / 1e6 / (found[key]?.medianMs ?? Number.NaN);
  result.fmaPeakGflops = rateOf('kernels/relaxed/1', operations.peak);
  result.fmaPeakSimdGflops = rateOf('kernels/simd/1', operations.peak);
  for (const name of FACTORS) {
    const threads = [1, 2].filter((count) => found[`${name} ${count}`]?.medianMs);
    result.gemm[name] = Object.fromEntries(
      threads.map((count) => [count, rateOf(`${name} ${count}`, operations.product)]),
    );
    const [single, double] = [result.gemm[name][1], result.gemm[name][2]];
    console.log(
      `512³ ${name}  ${single?.toFixed(1)} GFLOP/s on one thread (${((100 * single) / result.fmaPeakGflops).toFixed(0)} % of ` +
        `${result.fmaPeakGflops.toFixed(1)}), ${double?.toFixed(1)} on two (${(double / single).toFixed(2)} ×)`,
    );
  }
}

/** What is timed of a row: one thing, or each way that PyTorch has; the student is built before. */
async function waysOf(row, student) {
  if (row.students && !row.students.includes(student)) throw new Error('not written for this peer');
  if (row.threads) {
    const ways = await torch.waysOf(student, row.threads);
    return {
      ways: ways.map(({ name, layout, request }) => ({ way: `${name}, ${layout}`, place: { name }, request })),
    };
  }
  const { flops } = await bench('ask', placeOf(row), { ask: 'about', student });
  return { flops, ways: [{ place: placeOf(row), request: { ask: 'step', student } }] };
}

async function measureStudent(student) {
  const why = new Map(skipped);
  const subjects = [];
  let flops = 0;
  for (const row of rows.filter((each) => !why.has(each.row))) {
    try {
      const told = await waysOf(row, student);
      flops = told.flops ?? flops;
      for (const each of told.ways) subjects.push({ ...each, row, key: `${row.row} ${each.way ?? ''}` });
    } catch (error) {
      why.set(row.row, shortly(error));
    }
  }
  const measured = await measure(subjects);
  result.students[student] = Object.fromEntries(
    rows.map((row) => {
      const own = subjects.filter((subject) => subject.row === row);
      const ways = own.map(({ way, key }) => ({ way, ...measured[key] }));
      const failed = why.get(row.row) ?? ways.find((way) => way.skipped !== undefined)?.skipped;
      return [row.row, failed === undefined ? rowOf(row, ways, flops) : { skipped: shortly({ message: failed }) }];
    }),
  );
  printStudent(student, result.students[student]);
}

/** A slow row alone, with no time beyond the steps that are its due; all others by turns. */
async function measure(subjects) {
  const asked = (list) => list.map(({ key, place, request }) => ({ key, place, request }));
  const found = {};
  const quick = subjects.filter(({ row }) => !row.isSlow);
  if (quick.length > 0) Object.assign(found, await bench('measure', asked(quick), { eachMs: 1000 * seconds, runs }));
  for (const slow of subjects.filter(({ row }) => row.isSlow))
    Object.assign(found, await bench('measure', asked([slow]), { eachMs: 1, runs }));
  return found;
}

function rowOf(row, ways, flops) {
  const [{ way, toFirst: _ratio, ...best }] = ways.toSorted((a, b) => a.medianMs - b.medianMs);
  const peak = row.row.includes('/simd/') ? result.fmaPeakSimdGflops : result.fmaPeakGflops;
  return {
    ...best,
    ...(row.row.startsWith('kernels/') && {
      rooflineFraction: flops / 1e6 / best.medianMs / peak / row.options.threads,
    }),
    ...(row.threadsTaken > 0 && { threadsTaken: row.threadsTaken }),
    ...(row.threads && { way, ways: Object.fromEntries(ways.map((each) => [each.way, each.medianMs])) }),
  };
}

try {
  if (values.profile) {
    const row = rowNamed('kernels/relaxed/2') ?? rows[0];
    console.log(`${values.profile} on ${row.row}`);
    printProfile(await bench('ask', placeOf(row), { ask: 'profile', student: values.profile, count: 20 }));
  } else {
    await measurePeakAndProducts();
    for (const student of wanted) await measureStudent(student);
  }
} finally {
  torch.close();
  await close();
}
await writeResult(values.json, result);
