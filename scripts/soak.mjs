// A page that distils, personalizes and exports for a long time: does it give back what it takes?
//   npm run soak -- [--minutes N | --rounds N] [--engine chromium|firefox|webkit ...] [--trainer own|shared|turns ...] [--growth FRACTION] [--json FILE] [--plot FILE.svg]
// Each engine and each ownership gets its share of the minutes (default 6 in all), or N rounds, and its own browser. A round loads the
// text reader on the kernels, distils a student from it, personalizes that, exports it, asks it in onnxruntime (limbeck/run) and as
// a teacher, and disposes all; each has the threads that it takes by itself, and rounds are all alike. `own`: each run opens a trainer and
// ends it; `shared`: runs use the one that the page keeps; `turns`: one round like this, the next like that.
// After each round the browser's processes are looked at: memory (the proportional share, so that what several processes
// share counts once), threads but for those of Chromium's own pool, and those threads that are workers. What they are at the
// end (the least of the last eight rounds) may be more than after round 10 (the least of rounds 7 to 14) by 5 % (--growth), or
// by one thread or worker: more fails, of memory if it also grew from the middle to the end. Of a process that the browser starts later only the workers' processes count in memory
// and threads, as browsers start some for their own use after minutes; that it is there counts, and one may come.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { machineName } from '../benchmarks/machine.mjs';
import { openChromium, openFirefox, openWebKit } from './browsers.mjs';
import { ensureBuilt, ensurePackages, root } from './ensure.mjs';
import { soakPlot } from './soakPlot.mjs';
import { cameOf, judge, LEAST_ROUNDS, totals } from './soakVerdict.mjs';

const ENGINES = { chromium: openChromium, firefox: openFirefox, webkit: openWebKit };
/** Where an engine lets a page collect garbage, it does so before it is looked at; WebKit, on what it takes for a small machine, by itself. */
const SWITCHES = {
  chromium: { args: ['--js-flags=--expose-gc'] },
  firefox: { args: ['--remote-allow-system-access'] },
  webkit: { env: { JSC_forceRAMSize: String(2 ** 28) } },
};
/** What a round's runs do about trainers, by turns. */
const OWNERSHIPS = { own: ['own'], shared: ['shared'], turns: ['own', 'shared'] };
/** As Chromium, Firefox and WebKit name the threads of workers. */
const WORKER = /^(DedicatedWorker|DOM Worker|WebCore: Worker)/;
/** Chromium's own thread pool grows with its load: more threads on a busy machine, whatever the page holds. */
const ELASTIC = /^ThreadPool/;
/** What ended may take some time to be gone: Chromium gives a thread that sleeps two seconds. */
const SETTLE_MS = 500;
/** No judgement of speed: longer than this, it hangs. */
const ROUND_MS = 120_000;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '6' },
    rounds: { type: 'string' },
    engine: { type: 'string', multiple: true, default: Object.keys(ENGINES) },
    trainer: { type: 'string', multiple: true, default: ['own', 'shared'] },
    json: { type: 'string' },
    plot: { type: 'string' },
    growth: { type: 'string', default: '0.05' },
  },
});
for (const [flag, known] of Object.entries({ engine: Object.keys(ENGINES), trainer: Object.keys(OWNERSHIPS) })) {
  const unknown = flags[flag].find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`--${flag} was ${unknown}; it must be one of ${known.join(', ')}.`);
}
const minutes = Number(flags.minutes);
if (!(minutes > 0)) fail(`--minutes was ${flags.minutes}; it must be a number above 0.`);
const rounds = flags.rounds === undefined ? undefined : Number(flags.rounds);
if (rounds !== undefined && !(rounds >= LEAST_ROUNDS))
  fail(`--rounds was ${flags.rounds}; ${LEAST_ROUNDS} are the least.`);

const growth = Number(flags.growth);
if (!(growth > 0)) fail(`--growth was ${flags.growth}; it must be a number above 0.`);

process.chdir(root);
ensurePackages();
ensureBuilt();
const [{ serve }, { bundle }] = await Promise.all([import('./serve.mjs'), import('../benchmarks/bundle.mjs')]);
const server = await serve('dist', {
  extra: {
    '/demo/soak.html': {
      type: 'text/html',
      body: '<!doctype html><link rel="icon" href="data:,"><title>soak</title><script type="module" src="./soak.js"></script>',
    },
    '/demo/soak.js': await bundle('benchmarks/pages/soak.ts', {
      limbeck: `${root}dist/index.js`,
      'limbeck/run': `${root}dist/run.js`,
    }),
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/runWorker.js': { type: 'text/javascript', body: "import '../runWorker.js';" },
  },
});

const results = [];
try {
  const each = (minutes * 60_000) / (flags.engine.length * flags.trainer.length);
  for (const engine of flags.engine) {
    for (const trainer of flags.trainer) results.push(await soak(engine, trainer, each));
  }
} finally {
  await server.close();
}
const report = {
  machine: machineName(),
  date: new Date().toISOString(),
  minutes,
  results,
};
write(flags.json, `${JSON.stringify(report, null, 1)}\n`);
write(flags.plot, soakPlot(report));
const failed = results.filter(({ verdict }) => verdict !== 'flat').length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function soak(engine, trainer, ms) {
  const browser = await ENGINES[engine](`${server.url}/demo/soak.html`, SWITCHES[engine]);
  const seen = [];
  try {
    await within(
      browser.evaluate('(async () => { while (!window.soak) await new Promise((go) => setTimeout(go, 50)); })()'),
    );
    const until = performance.now() + ms;
    const isOver = () => (rounds === undefined ? performance.now() >= until : seen.length >= rounds);
    while (!isOver() || seen.length < LEAST_ROUNDS) {
      const startedAt = performance.now();
      const ownership = OWNERSHIPS[trainer][seen.length % OWNERSHIPS[trainer].length];
      const bytes = await within(browser.evaluate(`window.soak.round(${JSON.stringify(ownership)}, ${seen.length})`));
      if (!(bytes > 1000)) throw new Error(`A round exported ${bytes} bytes.`);
      const roundMs = performance.now() - startedAt;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      await browser.collectGarbage();
      seen.push({ ms: Math.round(roundMs), processes: footprint() });
    }
    const looks = totals(seen);
    const judged = judge(looks, growth);
    const came = cameOf(seen);
    console.log(sentence(engine, browser.version, trainer, looks, judged));
    const listed = Object.entries(came).map(([name, count]) => `${count} ${name}`);
    if (listed.length > 0) console.log(`  came and stayed: ${listed.join(', ')}`);
    return { engine, version: browser.version, trainer, ...judged, came, rounds: looks };
  } finally {
    await browser.close();
  }
}

/** By process that this one has started, or that they have: the browser's, and its driver's. */
function footprint() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat !== undefined) parents.set(pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  const isOurs = (pid) => parents.has(pid) && (parents.get(pid) === String(process.pid) || isOurs(parents.get(pid)));
  return new Map([...parents.keys()].filter(isOurs).map((pid) => [pid, footprintOf(pid)]));
}

function footprintOf(pid) {
  const memoryBytes = 1024 * Number(read(`/proc/${pid}/smaps_rollup`)?.match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
  const all = list(`/proc/${pid}/task`).map((thread) => (read(`/proc/${pid}/task/${thread}/comm`) ?? '').trim());
  const names = all.filter((name) => !ELASTIC.test(name));
  return {
    memoryBytes,
    names,
    threads: names.length,
    workers: names.filter((name) => WORKER.test(name)).length,
  };
}

function sentence(engine, version, trainer, rounds, { verdict, after10, atEnd }) {
  const show = ({ memoryBytes, threads, workers, processes }) =>
    `${(memoryBytes / 1e6).toFixed(0)} MB, ${threads} threads, ${workers} workers, ${processes} processes`;
  return `${engine} ${version}, ${trainer} trainers, ${rounds.length} rounds of ${atEnd.ms} ms: after round 10 ${show(after10)}; at the end ${show(atEnd)}: ${verdict}`;
}

function within(answer) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The page did not answer within ${ROUND_MS / 1000} s.`)), ROUND_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** A process or thread may end while it is looked at. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function write(path, text) {
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
