// Distils a small run of the built demo in three real engines, and holds what the page reports against what the engine
// really has. A thread of a worker starts slowly, a student listens in each. Then all three and Node are one federation.
//   node scripts/engines.mjs [chromium|firefox|webkit|starting|listening|together ...] [--json FILE]
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openChromium, openFirefox, openWebKit } from './browsers.mjs';
import { tryListening } from './engines/listening.mjs';
import { tryStarting } from './engines/starting.mjs';
import { federateEngines } from './engines/together.mjs';
import { ensureNatsServer, findNatsServer } from './ensure.mjs';
import { bytes as bytesText, percent } from './figures.mjs';
import { serve } from './serve.mjs';

/**
 * How to open each engine, and on how many threads and in which store an isolated page must work there. WebKit comes twice: as
 * WebKitGTK ships it, without shared memory and OPFS, where the fallbacks must work, and with what Safari has; but what
 * is driven has no disk for OPFS there, as in Safari's private windows.
 */
const ENGINES = {
  chromium: [{ name: 'chromium', open: openChromium, threads: 'cores', store: 'opfs' }],
  firefox: [{ name: 'firefox', open: openFirefox, threads: 'cores', store: 'opfs' }],
  webkit: [
    { name: 'webkit', open: openWebKit, threads: 'one', store: 'indexeddb' },
    {
      name: 'webkit, with what Safari has',
      open: () => openWebKit(undefined, { as: 'safari' }),
      threads: 'cores',
      store: 'indexeddb',
    },
  ],
};

/** A thread that starts slowly, in those that collect garbage when they are asked. */
const STARTING = 'starting';
/** A student that listens in each of them. */
const LISTENING = 'listening';
/** The federation of all engines. */
const TOGETHER = 'together';
const NAMES = [...Object.keys(ENGINES), STARTING, LISTENING, TOGETHER];

/** Few enough digits for every machine, enough steps to be far above the chance of a tenth. */
const SMALL_RUN = { autostart: 1, limit: 320, epochs: 8, seed: 1 };
/** So long that it is still training when it is cancelled. */
const LONG_RUN = { ...SMALL_RUN, limit: 128, epochs: 10_000 };
const LEAST_ACCURACY = 0.3;
/** limbeck's own limit. */
const MOST_THREADS = 4;
/** No judgement of speed: longer than this, it hangs. */
const RUN_MS = 300_000;
const SHORT_MS = 15_000;

/** What the engine has, asked without limbeck. The two modules are one function each: i8x16.splat, f32x4.relaxed_madd. */
const PROBE = `(() => {
  const isValid = (...code) => WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0,
    10, code.length + 4, 1, code.length + 2, 0, ...code, 11));
  const splat = [65, 0, 253, 15];
  return {
    simdLevel: isValid(...splat, ...splat, ...splat, 253, 133, 2) ? 'relaxed' : isValid(...splat) ? 'simd' : 'none',
    isIsolated: crossOriginIsolated,
    cores: navigator.hardwareConcurrency,
    hasSharedMemory: typeof SharedArrayBuffer === 'function',
    hasOpfs: typeof navigator.storage?.getDirectory === 'function',
    hasDisposal: typeof Symbol.asyncDispose === 'symbol',
  };
})()`;

/** The page tells its state; a page without one is done when there is a result or an error. */
const STATE = `(() => {
  const { state, result, error, events = [] } = window.limbeckDemo ?? {};
  const ended = result ? 'done' : error?.name === 'AbortError' ? 'cancelled' : error ? 'failed' : 'running';
  return { state: state ?? ended, error, last: JSON.stringify(events.at(-1))?.slice(0, 150) };
})()`;

/** The report without its long lists. */
const OUTCOME = `(() => {
  const { result, storeKind } = window.limbeckDemo;
  const { disagreements, confusion, environment, epochs, ...report } = result.report;
  return { report, storeKind, losses: epochs.map(({ loss }) => loss) };
})()`;

/** Every limbeck worker holds a lock for as long as it lives, in every engine. */
const WORKER_LOCKS = `navigator.locks.query().then(({ held = [] }) =>
  held.filter(({ name }) => name.startsWith('limbeck-worker-')).length)`;

/** The page shows what an earlier visit left. */
const IS_KEPT = `document.getElementById('last')?.hidden === false`;

/** A driver may ask before the page's own script has run. */
const IS_TRAINING = `window.limbeckDemo?.events.some(({ type }) => type === 'step')`;

/** What the service worker gives, as the foot of a page says it. */
const IS_READY_OFFLINE = `document.querySelector('#offline')?.textContent.includes('without a network')`;
const HAS_PAGES = `document.querySelector('#masthead nav') !== null`;

/** What the page of one's own hand shows: its state, a hand that was tried, and what is kept. */
const PERSONAL = `(() => {
  const { state, error } = window.limbeckPersonal ?? {};
  const textOf = (selector) => document.querySelector(selector)?.textContent ?? '';
  const rowsOf = (id) => document.querySelectorAll('#' + id + ' tr:not(.empty)').length;
  return {
    ...{ state, error, trial: textOf('#trial-rows tr'), versions: rowsOf('versions'), examples: rowsOf('examples') },
    ...{ learning: textOf('#learning'), place: textOf('#place'), answers: textOf('#versions tr') },
  };
})()`;

/** Of demo/people.ts, the one whose paper is black: nobody knows that hand before it was taught. */
const PRESS_HAND = `[...document.querySelectorAll('#hands button')].find((one) => one.textContent === 'black on white').click()`;
const KEEP_HAND = `document.querySelector('#trial-rows button').click()`;
const DESTROY = `document.getElementById('destroy').click()`;
/** Three of each digit, as the page offers. */
const HAND_EXAMPLES = 30;
/** The student as it was distilled stands among the versions. */
const UNTAUGHT = 1;

const demo = fileURLToPath(new URL('../dist/demo', import.meta.url));
const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const wanted = positionals.length > 0 ? positionals : NAMES;
const unknown = wanted.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) fail(`Unknown: ${unknown.join(', ')}. Known: ${NAMES.join(', ')}.`);
if (!existsSync(join(demo, 'index.html'))) fail('The demo is not built. Run: npm run build');
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const records = [];
for (const name of wanted) {
  for (const engine of ENGINES[name] ?? []) records.push(...(await tryEngine(engine)));
}
if (wanted.includes(STARTING)) {
  for (const name of ['chromium', 'firefox']) records.push(await tryPart(name, 'starts', tryStarting));
  console.log('webkit starts: skipped, because nothing makes it collect garbage');
}
if (wanted.includes(LISTENING)) {
  for (const name of Object.keys(ENGINES)) records.push(await tryPart(name, 'listens', tryListening));
}
if (wanted.includes(TOGETHER)) records.push(...(await tryTogether()));
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(records, null, 1)}\n`);
const checks = records.flatMap((record) => record.checks);
const failed = checks.filter(({ problem }) => problem !== undefined).length;
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** One record for each page: isolated, then not. Each gets an engine of its own, so that neither troubles the other. */
async function tryEngine(engine) {
  const records = [];
  for (const page of ['isolated', 'not isolated']) {
    try {
      const browser = await engine.open();
      records.push(await tryPage(engine, browser, page).finally(browser.close));
    } catch (error) {
      const record = newRecord(`${engine.name}, ${page}`);
      check(record, 'starts', messageOf(error));
      records.push(record);
    }
  }
  return records;
}

/** One record of one engine. */
async function tryPart(name, does, attempt) {
  const record = newRecord(`${name} ${does}`);
  try {
    await attempt(name, ENGINES[name][0].open, (what, problem) => check(record, what, problem));
  } catch (error) {
    check(record, does, messageOf(error));
  }
  return record;
}

/** One federation of the three engines and Node: one student, of which each taught a part. */
async function tryTogether() {
  ensureNatsServer();
  if (findNatsServer() === undefined) {
    console.log('The federation of the engines is skipped: nats-server is not installed: apt-get install nats-server.');
    return [];
  }
  const record = newRecord('chromium, firefox, webkit and node in one federation');
  try {
    const { rounds, bestAlone, contributions, seen } = await federateEngines(demo);
    Object.assign(record, { contributions, seen });
    const [{ result }] = seen;
    for (const one of seen) {
      const { name, version } = one;
      const {
        rounds: counted,
        examples,
        bytes,
        aggregated,
      } = contributions[name] ?? { rounds: 0, examples: 0, bytes: 0, aggregated: 0 };
      console.log(
        `  ${name} (${version}): ${counted} updates of ${examples} examples counted, ${bytesText(bytes)}; ` +
          `it aggregated ${aggregated} rounds, and reads ${percent(one.accuracy)} with the last student`,
      );
      check(record, `${name} went through every round`, one.rounds !== rounds && `it knows of ${one.rounds}`);
      check(record, `${name} taught the student`, counted === 0 && 'none of its updates counted');
      check(record, `${name} has the same student`, one.result !== result && `${one.result}, the first has ${result}`);
      const isBetter = one.accuracy > bestAlone;
      check(record, `${name} reads more than it was shown`, !isBetter && `its accuracy is ${one.accuracy}`);
    }
  } catch (error) {
    check(record, 'goes to the end', messageOf(error));
  }
  return [record];
}

async function tryPage(engine, browser, page) {
  const record = newRecord(`${engine.name} (${browser.version}), ${page}`);
  const fetched = [];
  const headers = (pathname) => {
    fetched.push(pathname);
    return {};
  };
  const server = await serve(demo, { isIsolated: page === 'isolated', headers });
  try {
    await browser.goto(addressOf(server, SMALL_RUN));
    const { state, error, last } = await ended(browser, RUN_MS);
    record.engine = await browser.evaluate(PROBE);
    check(
      record,
      'ends done',
      state !== 'done' && `the run is ${state}: ${error?.message ?? `the last event is ${last}`}`,
    );
    if (state !== 'done') return record;
    Object.assign(record, await browser.evaluate(OUTCOME), { fetched: wasmFiles(fetched) });
    console.log(`  ${summary(record)}`);
    for (const notice of record.report.notices) console.log(`  note: ${notice}`);
    checkReport(record, engine, page);
    await checkNoWorkers(record, browser, 'after the run no worker is left');
    if (page === 'isolated') {
      await tryReloading(record, browser, server, engine);
      await tryCancelling(record, browser, server);
    }
    await tryServiceWorker(record, browser, server, fetched);
    await tryPersonalizing(record, browser, server);
    await server.close();
    await browser.goto(`${server.url}/inspect.html`);
    const isOpen = await until(() => browser.evaluate(HAS_PAGES), SHORT_MS);
    check(record, 'the pages open without a server', !isOpen && 'no page came');
  } catch (error) {
    check(record, 'is driven to the end', messageOf(error));
  } finally {
    await server.close();
  }
  return record;
}

function addressOf(server, query) {
  return `${server.url}/?${new URLSearchParams(query)}`;
}

function checkReport(record, { threads }, page) {
  const { report, engine, fetched } = record;
  const { accuracy } = report.student;
  const notices = report.notices.join(' ');
  check(
    record,
    'the student learned',
    !(accuracy > LEAST_ACCURACY) && `its accuracy is ${accuracy}, not above ${LEAST_ACCURACY}`,
  );
  check(record, 'no tensor is left', report.tensorsLeft !== 0 && `${report.tensorsLeft} tensors are left`);
  check(
    record,
    'the SIMD level is the engine’s',
    report.simdLevel !== engine.simdLevel && `told ${report.simdLevel}, the engine has ${engine.simdLevel}`,
  );
  check(
    record,
    'the kernels are of that level',
    !fetched.includes(`kernels-${report.simdLevel}`) && `told ${report.simdLevel}, fetched ${fetched.join(', ')}`,
  );
  const heap = report.threads > 1 ? 'tfjs-backend-wasm-simd-shared' : 'tfjs-backend-wasm-simd';
  check(
    record,
    'the heap is one for so many threads',
    !fetched.includes(heap) && `told ${report.threads} threads, fetched ${fetched.join(', ')}`,
  );
  const isIsolated = page === 'isolated';
  check(
    record,
    `the page is ${page}`,
    (report.isIsolated !== isIsolated || engine.isIsolated !== isIsolated) &&
      `told ${report.isIsolated}, the engine says ${engine.isIsolated}`,
  );
  check(record, 'disposal symbols are there', !engine.hasDisposal && 'Symbol.asyncDispose is missing after the run');
  const wanted = Math.min(MOST_THREADS, engine.cores);
  if (!isIsolated) {
    check(record, 'one thread', report.threads !== 1 && `${report.threads} threads in a page without shared memory`);
    check(record, 'says why', !/not cross-origin isolated/.test(notices) && `its notices are: ${notices || 'none'}`);
  } else if (threads === 'cores') {
    check(
      record,
      `${wanted} threads`,
      report.threads !== wanted && `${report.threads} threads on ${engine.cores} cores`,
    );
    check(record, 'no notice about threads', /one thread/.test(notices) && `it says: ${notices}`);
  } else {
    const isTold = report.threads === 1 && /one thread/.test(notices);
    check(
      record,
      'one thread, and it says why',
      !isTold && `${report.threads} threads; its notices are: ${notices || 'none'}`,
    );
  }
}

/** A page that does not tell its store, or has none, is not asked. */
async function tryReloading(record, browser, server, { store }) {
  const { storeKind } = record;
  if (storeKind === undefined) return;
  check(record, `the store is ${store}`, storeKind !== store && `it is ${storeKind}`);
  await browser.goto(server.url);
  const isKept = await until(() => browser.evaluate(IS_KEPT), SHORT_MS);
  check(record, 'the result is there after a reload', !isKept && `the page does not show it from ${storeKind}`);
}

/** The first page without a run starts the service worker, which isolates the pages from then on, after one reload. */
async function tryServiceWorker(record, browser, server, fetched) {
  const loads = () => fetched.filter((path) => path === '/inspect.html').length;
  await browser.goto(`${server.url}/inspect.html`);
  // A look at the page counts as use of it, and a page in use is not loaded anew.
  if (!record.report.isIsolated) await until(() => loads() > 1, RUN_MS);
  // While the page is loaded anew there is nobody to ask.
  const asked = (script) => browser.evaluate(script).catch(() => false);
  const isReady = await until(() => asked(IS_READY_OFFLINE), RUN_MS);
  check(record, 'what the pages need is kept', !isReady && 'the page does not say that it opens without a network');
  const { isIsolated } = await browser.evaluate(PROBE);
  check(record, 'the service worker isolates the page', !isIsolated && 'it is not isolated');
}

/** The student of the run learns a hand, which is kept, encrypted, over a reload, and then destroyed. */
async function tryPersonalizing(record, browser, server) {
  let last;
  const shows = (isSo) =>
    until(async () => {
      last = await browser.evaluate(PERSONAL);
      return last.state === 'failed' || isSo(last);
    }, RUN_MS).then((isShown) => isShown && last.state !== 'failed');
  const told = () => last.error?.message ?? `it shows ${JSON.stringify(last).slice(0, 300)}`;
  const open = async () => {
    await browser.goto(`${server.url}/personal.html`);
    return shows(({ state }) => state === 'ready');
  };
  const isOpen = await open();
  check(record, 'the page of one’s own hand opens', !isOpen && told());
  if (!isOpen) return;
  check(record, 'its store is encrypted', !/encrypted/.test(last.place) && `it says: ${last.place}`);
  await browser.evaluate(PRESS_HAND);
  const isTried = await shows(({ trial }) => trial !== '');
  check(record, 'a hand is learned', !(isTried && /Accepted/.test(last.trial)) && told());
  if (!isTried) return;
  await browser.evaluate(KEEP_HAND);
  const isKept = await shows(({ examples, versions }) => examples === HAND_EXAMPLES && versions > UNTAUGHT);
  check(record, 'its examples are kept, and it learns from them by itself', !isKept && told());
  const { answers, versions } = last;
  const isThere = (await open()) && (await shows(({ examples }) => examples === HAND_EXAMPLES));
  const isSame = isThere && last.answers.includes('answers now') && last.versions >= versions;
  // It may have learned once more until then.
  check(record, 'both are there after a reload', !isSame && `before: ${answers}; ${told()}`);
  await browser.evaluate(DESTROY);
  const isGone = await shows(({ examples, versions }) => examples === 0 && versions === UNTAUGHT);
  check(record, 'and gone once they are destroyed', !isGone && told());
}

/** A second run, ended from outside in the middle of its training. */
async function tryCancelling(record, browser, server) {
  await browser.goto(addressOf(server, LONG_RUN));
  if (!(await until(() => browser.evaluate(IS_TRAINING), RUN_MS))) throw new Error('the second run does not train');
  const { isAny, seen } = await seenWorkers(browser);
  check(record, 'its workers are seen while it trains', !isAny && seen);
  await browser.evaluate('window.limbeckDemo.cancel()');
  const { state, error } = await ended(browser, SHORT_MS);
  const why = error === undefined ? '' : ` (${error.name}: ${error.message})`;
  check(record, 'can be cancelled while it trains', state !== 'cancelled' && `the run is ${state}${why}`);
  await checkNoWorkers(record, browser, 'after cancelling no worker is left');
}

async function checkNoWorkers(record, browser, name) {
  let last;
  const isNone = async () => {
    last = await seenWorkers(browser);
    return last.isNone;
  };
  await until(isNone, SHORT_MS);
  check(record, name, !last.isNone && last.seen);
}

/**
 * Living workers by the locks they hold until they end. The engine's own count is only told: in Chromium the thread of
 * an ended worker may stay in it, asleep (FEATURES.md).
 */
async function seenWorkers(browser) {
  const locks = await browser.evaluate(WORKER_LOCKS);
  const workers = browser.workerCount();
  return {
    isNone: locks === 0,
    isAny: locks > 0 && workers !== 0,
    seen: `workers hold ${locks} locks${workers === undefined ? '' : `, and the engine counts ${workers} workers`}`,
  };
}

async function ended(browser, limitMs) {
  let last;
  const isEnded = async () => {
    last = await browser.evaluate(STATE);
    return !['idle', 'running'].includes(last.state);
  };
  await until(isEnded, limitMs);
  return last;
}

/** Whether it came true in time. */
async function until(isTrue, limitMs) {
  const end = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

function messageOf(error) {
  return String(error.message ?? error);
}

/** Names of the WebAssembly files that were fetched, without the bundler's hash. */
function wasmFiles(paths) {
  const names = paths.filter((path) => path.endsWith('.wasm')).map((path) => path.replace(/^.*\//, ''));
  return [...new Set(names.map((name) => name.replace(/(-[\w-]{8})?\.wasm$/, '')))];
}

function newRecord(title) {
  console.log(title);
  return { title, checks: [] };
}

/** `problem` is a sentence when the check failed, and false or undefined when it passed. */
function check(record, name, problem) {
  record.checks.push(problem ? { name, problem } : { name });
  console.log(problem ? `  FAILED  ${name}: ${problem}` : `  ok      ${name}`);
}

function summary({ report, storeKind }) {
  const { simdLevel, threads, isIsolated, student, teacher, timeMs } = report;
  return [
    `SIMD ${simdLevel}`,
    `${threads} ${threads === 1 ? 'thread' : 'threads'} (teacher ${teacher.threads})`,
    isIsolated ? 'isolated' : 'not isolated',
    `store ${storeKind ?? 'not told'}`,
    `student ${percent(student.accuracy)}, teacher ${percent(teacher.accuracy)}`,
    `${(timeMs.total / 1000).toFixed(1)} s`,
  ].join(' · ');
}
