// tfjs-core's own specs on tfjs-wasm with limbeck's kernels, in a real engine:  node scripts/conformance.mjs
//   --engine chromium|firefox|webkit   default chromium
//   --level relaxed|simd, --threads 1|2   one configuration instead of all four; --config relaxed/2 (repeatable) names them
//   --stock         tfjs-wasm without kernels
//   --filter TEXT   only specs whose name holds this text
//   --json FILE     every outcome of every configuration
//   --summary FILE  how many passed and who answered them; tfjs-wasm without kernels is run and listed too
//   --as-built      take dist/ as it is, even where the sources have changed since
// Specs on the list of known gaps (e2e/conformance/gaps.json) may fail, and must: one that passes has to leave the list,
// unless its group says "mayPass", because it depends on what else the machine has.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { answeredBy, sayAnswered } from './answeredBy.mjs';
import { openChromium, openFirefox, openWebKit } from './browsers.mjs';
import { closingLine, countOnce } from './counts.mjs';
import { ensureBuilt, ensurePackages, root } from './ensure.mjs';

/** The engine and how to open it where `threads` are wanted: WebKitGTK as shipped has no shared memory. */
const ENGINES = {
  chromium: () => openChromium(),
  firefox: () => openFirefox(),
  webkit: (threads) => openWebKit(undefined, { as: threads > 1 ? 'safari' : 'shipped' }),
};
const CONFIGS = ['relaxed/1', 'relaxed/2', 'simd/1', 'simd/2'];
const GAPS = 'e2e/conformance/gaps.json';
/** tfjs's own build for several threads, which limbeck does not ship. */
const THREADED = 'tfjs-backend-wasm-threaded-simd.wasm';
/** No judgement of speed: longer than this, it hangs. */
const RUN_MS = 300_000;
const PAGE = `<!doctype html><meta charset="utf-8"><title>conformance</title><body>
<script>addEventListener('error', ({ message }) => { window.loadError ??= message; }, true);</script><script src="/conformance.js"></script>`;

const { values: flags } = parseArgs({
  options: {
    engine: { type: 'string', default: 'chromium' },
    level: { type: 'string' },
    threads: { type: 'string' },
    config: { type: 'string', multiple: true },
    stock: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    json: { type: 'string' },
    summary: { type: 'string' },
    'as-built': { type: 'boolean', default: false },
  },
});
const known = { engine: Object.keys(ENGINES), level: ['relaxed', 'simd'], threads: ['1', '2'], config: CONFIGS };
for (const [flag, names] of Object.entries(known)) {
  for (const value of [flags[flag] ?? []].flat()) {
    if (!names.includes(value)) fail(`--${flag} was ${value}; it must be one of ${names.join(', ')}.`);
  }
}
process.chdir(root);
if (!flags['as-built']) {
  ensurePackages();
  ensureBuilt();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const [{ serve }, { build }] = await Promise.all([import('./serve.mjs'), import('esbuild')]);

const gaps = gapsOf(flags.engine);
const wanted = (flags.config ?? CONFIGS).filter((config) => {
  const [level, threads] = config.split('/');
  return level === (flags.level ?? level) && threads === (flags.threads ?? threads);
});
const server = await serve('dist', {
  extra: {
    '/conformance.html': { type: 'text/html', body: PAGE },
    '/conformance.js': { type: 'text/javascript', body: await bundledSpecs() },
    ...((flags.stock || flags.summary !== undefined) && {
      [`/${THREADED}`]: {
        type: 'application/wasm',
        body: readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${THREADED}`),
      },
    }),
  },
});
const results = {};
const configurations = {};
let browserVersion = '';
let total;
let stock;
try {
  for (const config of wanted) {
    const outcomes = await outcomesOf(config, flags.stock);
    results[config] = outcomes.map((outcome) => ({ ...outcome, ...judged(outcome, flags.stock) }));
    for (const { verdict, name, why } of results[config]) {
      if (verdict !== 'passed') console.log(`  ${verdict}: ${name}\n      ${why}`);
    }
    const counts = countOnce([results[config]]);
    configurations[config] = { ...counts, answeredBy: answeredBy(results[config]) };
    console.log(`${flags.engine} ${config}${flags.stock ? ' stock' : ''}: ${closingLine(counts)}`);
    console.log(`${sayAnswered(configurations[config].answeredBy)}\n`);
  }
  total = countOnce(Object.values(results));
  if (flags.summary !== undefined) {
    const config = wanted.at(-1);
    const outcomes = await outcomesOf(config, true);
    stock = { configuration: config, ...countOnce([outcomes.map((one) => ({ ...one, ...judged(one, true) }))]) };
    console.log(`tfjs-wasm without kernels, ${config}: ${closingLine(stock)}\n`);
  }
} finally {
  await server.close();
}
if (flags.json !== undefined) write(flags.json, { ...flags, total, results });
if (flags.summary !== undefined) {
  const { engine } = flags;
  write(flags.summary, {
    engine,
    browser: browserVersion,
    date: new Date().toISOString(),
    total,
    configurations,
    stock,
  });
}
console.log(closingLine(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Name of the spec → why it may fail in this engine, and whether it may pass. */
function gapsOf(engine) {
  if (!existsSync(GAPS)) return new Map();
  const groups = JSON.parse(readFileSync(GAPS, 'utf8')).filter(({ engines }) => engines?.includes(engine) ?? true);
  return new Map(groups.flatMap(({ specs, ...gap }) => specs.map((name) => [name, gap])));
}

/** The package marks its specs as free of side effects, so a bundler would drop them: those marks are ignored. */
async function bundledSpecs() {
  const { outputFiles, metafile } = await build({
    entryPoints: ['e2e/conformance/page.ts'],
    bundle: true,
    write: false,
    metafile: true,
    ignoreAnnotations: true,
    treeShaking: false,
    // A classic script: the specs ask for the \`this\` of functions called without one, which modules do not have.
    format: 'iife',
    tsconfigRaw: {},
    platform: 'browser',
    mainFields: ['module', 'main'],
    define: { global: 'globalThis', 'import.meta.url': 'document.baseURI' },
    external: ['node:fs/promises', 'worker_threads'],
    logLevel: 'error',
  });
  const cores = Object.keys(metafile.inputs).filter((path) => /tfjs-core\/.*(\/engine\.|tf-core)/.test(path));
  if (cores.length !== 1) fail(`tfjs-core is in the bundle more than once: ${cores.join(', ')}`);
  return outputFiles[0].text;
}

/** All outcomes of one configuration. What keeps it from running is an outcome too, and failed. */
async function outcomesOf(config, isStock) {
  const failure = (reason) => ({ name: '(the run itself)', status: 'failed', reason, by: [] });
  const [simdLevel, threads] = config.split('/');
  const request = { simdLevel, threads: Number(threads), isStock, filter: flags.filter };
  let browser;
  let outcomes = [];
  try {
    browser = await ENGINES[flags.engine](request.threads);
    browserVersion = browser.version;
    await browser.goto(`${server.url}/conformance.html`);
    const loadError = await browser.evaluate('globalThis.loadError');
    if (loadError !== undefined) throw new Error(`The specs do not load: ${loadError}.`);
    await browser.evaluate(`conformance.start(${JSON.stringify(request)})`);
    const end = Date.now() + RUN_MS;
    let progress = { state: 'running' };
    while (progress.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const last = progress.running ?? 'the first spec';
      progress = await inTime(browser.evaluate('conformance.progress'), `It hangs in or after: ${last}`, end);
      if (Date.now() > end) throw new Error(`Not done after ${RUN_MS / 1000} s; it is at: ${progress.running}`);
    }
    outcomes = await browser.evaluate('conformance.outcomes');
    if (progress.state !== 'done') outcomes.push(failure(progress.state));
    else if (outcomes.length === 0) outcomes.push(failure(`No spec was run (--filter ${flags.filter}).`));
  } catch (error) {
    outcomes.push(failure(error.message.split('\n')[0]));
  } finally {
    await browser?.close();
  }
  return outcomes;
}

/** A page that spins answers nothing at all. */
async function inTime(promise, why, end = Date.now() + RUN_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${why} (${RUN_MS / 1000} s).`)), Math.max(0, end - Date.now()));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What became of a spec, and why it did not pass. */
function judged({ name, status, reason }, isStock) {
  const gap = isStock ? undefined : gaps.get(name);
  const [line = ''] = reason.split('\n');
  if (status === 'pending') return { verdict: 'skipped', why: `tfjs-core itself skips it${line && `: ${line}`}` };
  if (status === 'passed' && (gap === undefined || gap.mayPass)) return { verdict: 'passed', why: '' };
  if (status === 'passed') return { verdict: 'failed', why: `passes; take it off ${GAPS} (“${gap.reason}”)` };
  if (gap === undefined) return { verdict: 'failed', why: `not a known gap: ${line}` };
  return { verdict: 'skipped', why: `known gap: ${gap.reason} (${line})` };
}
