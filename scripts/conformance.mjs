// tfjs-core's own specs on tfjs-wasm with limbeck's kernels, in a real engine:  node scripts/conformance.mjs
//   --engine chromium|firefox|webkit   default chromium
//   --level relaxed|simd, --threads 1|2   one configuration instead of all four; --config relaxed/2 (repeatable) names them
//   --stock         tfjs-wasm without kernels
//   --filter TEXT   only specs whose name holds this text
//   --json FILE     every outcome of every configuration
//   --as-built      take dist/ as it is, even where the sources have changed since
// Specs on the list of known gaps (e2e/conformance/gaps.json) may fail, and must: one that passes has to leave the list,
// unless its group says "mayPass", because it depends on what else the machine has.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { openChromium, openFirefox, openWebKit } from './browsers.mjs';
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
    ...(flags.stock && {
      [`/${THREADED}`]: {
        type: 'application/wasm',
        body: readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${THREADED}`),
      },
    }),
  },
});
const total = { passed: 0, failed: 0, skipped: 0 };
const results = {};
try {
  for (const config of wanted) {
    const outcomes = await outcomesOf(config);
    results[config] = outcomes;
    const counts = judge(outcomes);
    for (const kind of Object.keys(total)) total[kind] += counts[kind];
    console.log(`${flags.engine} ${config}${flags.stock ? ' stock' : ''}: ${sentence(counts)}\n`);
  }
} finally {
  await server.close();
}
if (flags.json !== undefined) {
  mkdirSync(dirname(flags.json), { recursive: true });
  writeFileSync(flags.json, `${JSON.stringify({ ...flags, total, results }, null, 1)}\n`);
}
console.log(sentence(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function fail(message) {
  console.error(message);
  process.exit(1);
}

function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
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
async function outcomesOf(config) {
  const failure = (reason) => ({ name: '(the run itself)', status: 'failed', reason });
  const [simdLevel, threads] = config.split('/');
  const request = { simdLevel, threads: Number(threads), isStock: flags.stock, filter: flags.filter };
  let browser;
  let outcomes = [];
  try {
    browser = await ENGINES[flags.engine](request.threads);
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

/** Prints what did not pass, with its reason, and counts. */
function judge(outcomes) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const tell = (kind, name, reason) => {
    counts[kind]++;
    console.log(`  ${kind}: ${name}\n      ${reason}`);
  };
  for (const { name, status, reason } of outcomes) {
    const gap = flags.stock ? undefined : gaps.get(name);
    const [line = ''] = reason.split('\n');
    if (status === 'pending') tell('skipped', name, `tfjs-core itself skips it${line && `: ${line}`}`);
    else if (status === 'passed' && (gap === undefined || gap.mayPass)) counts.passed++;
    else if (status === 'passed') tell('failed', name, `passes; take it off ${GAPS} (“${gap.reason}”)`);
    else if (gap === undefined) tell('failed', name, `not a known gap: ${line}`);
    else tell('skipped', name, `known gap: ${gap.reason} (${line})`);
  }
  return counts;
}
