// npm test: everything, from a bare clone. Each stage runs even if one before it failed; the last line counts tests, and
// stages that failed.
// npm run test:long (--long): the same with what takes long: more broken files and deaths, every pair of the conformance, every
// place, three engines, the whole canary, and the soak in three engines.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { closingLine, noCounts, ofRunner, ofStage, plus } from './counts.mjs';
import { ensureChromium, ensureNatsServer, ensurePackages, root, TSC } from './ensure.mjs';
import { failureLines, failureOfStage, failuresOfPlaywright, failuresOfVitest } from './failures.mjs';

process.chdir(root);
const isLong = process.argv.includes('--long');
if (isLong) process.env.LIMBECK_SLOW = '1';
let total = noCounts();
/** What failed, by stage, repeated before the closing line. */
const failed = [];
const bin = (name) => `node_modules/.bin/${name}`;

const took = (name, startedAt) => `── ${name} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`;

/** Remembers the end of what is said by a stage whose output is collected. */
function listener(say) {
  let end = '';
  const heard = (text, stop = '\n') => {
    end = (end + text + stop).slice(-2000);
    say(text, stop);
  };
  return { say: say === console.log ? say : heard, end: () => end };
}

/** Runs work that counts as one failure if it throws. `say` prints, or collects what is printed when the stage ends. */
async function stage(name, work, say = console.log) {
  say(`── ${name}`);
  const startedAt = performance.now();
  const heard = listener(say);
  let isPassed = true;
  try {
    await work(heard.say);
  } catch (error) {
    heard.say(error.message);
    isPassed = false;
    failed.push({ stage: name, failures: [failureOfStage(heard.end() || error.message)] });
  }
  total = plus(total, ofStage(isPassed));
  say(`${took(name, startedAt)}: ${isPassed ? 'passed' : 'failed'}\n`);
  return isPassed;
}

/** Runs a program and returns its exit status; null if it did not start or was killed. */
function statusOf(program, args, say) {
  const child = spawn(program, args, { stdio: say === console.log ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => say(text, ''));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(error.message);
      resolve(null);
    });
    child.once('close', resolve);
  });
}

const command =
  (program, ...args) =>
  async (say) => {
    const status = await statusOf(program, args, say);
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
  };

/** Runs a test runner that also writes JSON, and takes the counts, and with `failuresOf` what failed, from there. */
async function suite(name, program, args, file, read, { say = console.log, failuresOf } = {}) {
  say(`── ${name}`);
  const startedAt = performance.now();
  const heard = listener(say);
  rmSync(file, { force: true });
  const status = await statusOf(program, args, heard.say);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const counts = ofRunner(report && read(report), status);
  total = plus(total, counts);
  if (counts.failed > 0) {
    const failures = (report && failuresOf?.(report)) ?? [];
    failed.push({ stage: name, failures: failures.length > 0 ? failures : [failureOfStage(heard.end())] });
  }
  const rest = counts.skipped > 0 ? ' (each says why above)' : '';
  say(`${took(name, startedAt)}: ${closingLine(counts)}${rest}\n`);
}

/** Runs lists of stages in parallel: most of these stages use one thread, or wait. */
function together(...lists) {
  const runAll = async (list) => {
    for (const run of list) {
      const said = [];
      await run((text, end = '\n') => said.push(text + end));
      process.stdout.write(said.join(''));
    }
  };
  return Promise.all(lists.map(runAll));
}

const readVitest = ({ numPassedTests, numFailedTests, numPendingTests, testResults }) => ({
  passed: numPassedTests,
  failed:
    numFailedTests +
    testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
  skipped: numPendingTests,
});
const readPlaywright = ({ suites, stats, errors }) => ({
  passed: stats.expected,
  // Nothing is tried again, so nothing may pass only at a second try.
  failed: stats.unexpected + stats.flaky + (stats.unexpected === 0 ? errors.length : 0) + withoutReason(suites),
  skipped: stats.skipped,
});

const readSoak = ({ results }) => {
  const passed = results.filter(({ verdict }) => verdict === 'flat').length;
  return { passed, failed: results.length - passed, skipped: 0 };
};

/** Places that need no more packages than the project has. */
const FAST_PLACES = ['esbuild', 'import-map', 'vite-7'];
const readPlaces = ({ places, failed }) => ({ passed: places.length - failed, failed, skipped: 0 });

/** Prints why each test was skipped, as Playwright's own list does not; a skip that gives no reason is a failure. */
function withoutReason(suites) {
  const specsOf = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
  const skipped = suites.flatMap(specsOf).filter(({ tests }) => tests.some(({ status }) => status === 'skipped'));
  const reasons = skipped.map(({ title, tests }) => ({
    title,
    why: tests.flatMap(({ annotations }) => annotations).find(({ type }) => type === 'skip')?.description,
  }));
  for (const { title, why } of reasons) console.log(`skipped: ${title}: ${why ?? 'no reason is given, so it failed'}`);
  return reasons.filter(({ why }) => why === undefined).length;
}

const BUILD = "import { ensureBuilt } from './scripts/ensure.mjs'; ensureBuilt();";

/** Builds while the sources are checked; whether it was built. */
async function builtBeside() {
  let isBuilt = false;
  await together(
    [
      async (say) => {
        isBuilt = await stage('build', command('node', '--input-type=module', '--eval', BUILD), say);
      },
    ],
    [
      (say) => stage('types', command('node', TSC, '-p', '.'), say),
      (say) => stage('lint and format', command(bin('biome'), 'check', '--error-on-warnings', '.'), say),
    ],
  );
  return isBuilt;
}

mkdirSync('out', { recursive: true });
const isReady =
  (await stage('packages', () => ensurePackages())) &&
  (await stage('chromium', () => void ensureChromium())) &&
  (await stage('nats-server', () => ensureNatsServer()));
// What reads no built file shares the cores with the build, most of which takes one.
const isBuilt = isReady && (await builtBeside());
if (isBuilt) {
  // The usual SIMD level and thread count; `npm run conformance` runs all four pairs, and unit tests compare both levels with tfjs.
  const pairs = isLong ? [] : ['--config', 'relaxed/2'];
  const [specs, soak, places] = ['out/conformance.json', 'out/soak.json', 'out/places.json'];
  // A browser is still warming up after some twenty rounds, and after a minute (Firefox jumps by a tenth), so more growth is
  // allowed than the 5 % of a soak of thirty minutes (docs/security.md).
  const short = ['--rounds', '24', '--engine', 'chromium', '--trainer', 'turns', '--growth', '0.12'];
  const soaked = isLong ? ['--minutes', '6', '--growth', '0.15'] : short;
  const inPlaces = isLong ? [] : FAST_PLACES;
  console.log('── sizes, package, places, and a soak and tfjs’s own specs beside them\n');
  await together(
    [
      (say) => stage('sizes', command('node', 'scripts/size.mjs'), say),
      (say) => stage('package', command('node', 'scripts/checkPackage.mjs'), say),
      (say) => suite('places', 'node', ['places/run.mjs', ...inPlaces, '--json', places], places, readPlaces, { say }),
    ],
    [
      (say) => suite('soak', 'node', ['scripts/soak.mjs', ...soaked, '--json', soak], soak, readSoak, { say }),
      (say) =>
        suite(
          'tfjs’s own specs',
          'node',
          ['scripts/conformance.mjs', ...pairs, '--json', specs],
          specs,
          ({ total }) => total,
          { say },
        ),
    ],
  );
  const unit = ['run', '--reporter=default', '--reporter=json', '--outputFile.json=out/unit.json'];
  await suite('unit, house and kernels', bin('vitest'), unit, 'out/unit.json', readVitest, {
    failuresOf: failuresOfVitest,
  });
  if (isLong) {
    await stage('canary', command('node', 'scripts/canary.mjs'));
    await stage('three engines', command('node', 'scripts/engines.mjs'));
    await stage('documentation', command('node', 'scripts/docs.mjs', '--check'));
    await stage('lighthouse', command('node', 'scripts/lighthouse.mjs'));
  }
  await suite(
    'browser',
    bin('playwright'),
    ['test', '-c', 'e2e/playwright.config.ts'],
    'out/e2e.json',
    readPlaywright,
    {
      failuresOf: failuresOfPlaywright,
    },
  );
}
for (const line of failureLines(failed)) console.log(line);
console.log(closingLine(total));
process.exit(total.failed === 0 && isBuilt ? 0 : 1);
