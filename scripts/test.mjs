// npm test: everything, from a bare clone. Each stage runs even if one before it failed; the last line counts tests, and
// stages that failed.
// npm run test:long (--long): the same with what takes long: more broken files and deaths, every pair of the conformance, three
// engines, the whole canary, and the soak in three engines.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { closingLine, noCounts, ofRunner, ofStage, plus } from './counts.mjs';
import { ensureBuilt, ensureChromium, ensurePackages, root } from './ensure.mjs';

process.chdir(root);
const isLong = process.argv.includes('--long');
if (isLong) process.env.LIMBECK_SLOW = '1';
let total = noCounts();
const bin = (name) => `node_modules/.bin/${name}`;

function took(name, startedAt) {
  return `── ${name} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`;
}

function stage(name, work) {
  console.log(`── ${name}`);
  const startedAt = performance.now();
  let isPassed = true;
  try {
    work();
  } catch (error) {
    console.error(error.message);
    isPassed = false;
  }
  total = plus(total, ofStage(isPassed));
  console.log(`${took(name, startedAt)}: ${isPassed ? 'passed' : 'failed'}\n`);
  return isPassed;
}

const command =
  (program, ...args) =>
  () => {
    const { status } = spawnSync(program, args, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
  };

/** Runs a test runner that also writes JSON, and takes the counts from there. */
function suite(name, program, args, file, read) {
  console.log(`── ${name}`);
  const startedAt = performance.now();
  rmSync(file, { force: true });
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  const told = existsSync(file) ? read(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  const counts = ofRunner(told, status);
  total = plus(total, counts);
  const rest = counts.skipped > 0 ? ' (each says why above)' : '';
  console.log(`${took(name, startedAt)}: ${closingLine(counts)}${rest}\n`);
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

mkdirSync('out', { recursive: true });
const isReady =
  stage('packages', ensurePackages) && stage('chromium', () => void ensureChromium()) && stage('build', ensureBuilt);
if (isReady) {
  stage('types', command(bin('tsc'), '-p', '.'));
  stage('lint and format', command(bin('biome'), 'check', '--error-on-warnings', '.'));
  const unit = ['run', '--reporter=default', '--reporter=json', '--outputFile.json=out/unit.json'];
  suite('unit, house and kernels', bin('vitest'), unit, 'out/unit.json', readVitest);
  // Both SIMD levels, with and without threads; `npm run conformance` runs all four pairs.
  const pairs = isLong ? [] : ['--config', 'relaxed/2', '--config', 'simd/1'];
  const conformance = ['scripts/conformance.mjs', ...pairs];
  const file = 'out/conformance.json';
  suite('tfjs’s own specs', 'node', [...conformance, '--json', file], file, ({ total }) => total);
  // Two minutes are not past a browser's own warming up; what leaks in each round is far beyond a quarter by then.
  const short = ['--minutes', '2', '--engine', 'chromium', '--trainer', 'turns', '--growth', '0.25'];
  // Nor is a minute for each of six: Firefox jumps by a tenth. Thirty minutes are judged by 5 % (docs/security.md).
  const soaked = isLong ? ['--minutes', '6', '--growth', '0.15'] : short;
  suite('soak', 'node', ['scripts/soak.mjs', ...soaked, '--json', 'out/soak.json'], 'out/soak.json', readSoak);
  if (isLong) {
    stage('canary', command('node', 'scripts/canary.mjs'));
    stage('three engines', command('node', 'scripts/engines.mjs'));
  }
  suite('browser', bin('playwright'), ['test', '-c', 'e2e/playwright.config.ts'], 'out/e2e.json', readPlaywright);
}
console.log(closingLine(total));
process.exit(total.failed === 0 && isReady ? 0 : 1);
