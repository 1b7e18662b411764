// A table of every loss and scheme on handwritten digits; README.md tells what it shows and how to read it.
// Usage: npm run experiments -- [--json FILE] [--only NAME]… [--setting few|all] [--seeds N] [--quick] [--continue]
//        [--pages N] [--built FOLDER] [--choose]
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machineName } from '../benchmarks/machine.mjs';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
    setting: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    continue: { type: 'boolean', default: false },
    pages: { type: 'string', default: String(Math.min(4, cpus().length)) },
    built: { type: 'string' },
    choose: { type: 'boolean', default: false },
  },
});
const [seedCount, pageCount] = [Number(options.seeds), Number(options.pages)];
if (!(seedCount >= 1 && pageCount >= 1)) throw new Error('--seeds and --pages take numbers of 1 or more.');
const seeds = Array.from({ length: seedCount }, (_, i) => i + 1);
const kept = `experiments/results/${options.choose ? 'choices' : 'experiments'}.json`;
const given = options.json ?? (options.quick ? undefined : kept);

process.chdir(root);
const file = given && resolve(given);
const built = resolve(options.built ?? 'dist');
ensurePackages();
const executablePath = ensureChromium();
if (options.built === undefined) ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { servedDigits }, { openTable }, { writeTables }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('../benchmarks/bundle.mjs'),
  import('../scripts/digitSplits.mjs'),
  import('./table.mjs'),
  import('./tables.mjs'),
]);

const server = await serve(built, {
  extra: {
    // Beside the demo, whose data and models it reads.
    '/demo/experiments.html': { type: 'text/html', body: '<!doctype html><title>experiments</title>' },
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/experiments.js': await bundle('experiments/page/main.ts', { limbeck: `${built}/index.js` }),
    // Whoever chooses sees no test digit.
    ...(await servedDigits(options.choose ? 'choose' : 'score')),
  },
  // What the browser keeps of the teachers belongs to this address.
  port: 4183,
});

// The teachers' answers, and the teacher that is trained here, are kept from run to run; a full run makes them again.
const profile = resolve(options.choose ? 'out/experiments-choose' : 'out/experiments');
const isWhole = !options.only && !options.setting && !options.quick && !options.continue;
if (isWhole) await rm(profile, { recursive: true, force: true });
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: CHROMIUM_ARGS,
  headless: true,
});

async function openPage() {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.url}/demo/experiments.html`);
  await page.addScriptTag({ url: './experiments.js', type: 'module' });
  await page.waitForFunction(() => globalThis.experiments !== undefined);
  return page;
}

async function openSetting(setting, threads) {
  const page = await openPage();
  const args = [setting, options.quick, threads];
  const teacher = await page.evaluate((all) => globalThis.experiments.open(...all), args);
  return { page, teacher };
}

/** Runs the rows of a setting on some pages at once, each with its share of the cores; tells each row as it is done. */
async function runSetting(setting, rows, tell) {
  const cores = Math.min(4, cpus().length);
  const count = Math.min(pageCount, rows.length * seeds.length);
  const threads = Math.max(1, Math.floor(cores / count));
  console.log(`${setting}: the teacher answers …`);
  // The first page, with all cores, makes what the others find.
  const first = await openSetting(setting, cores);
  await first.page.close();
  const { teacher } = first;
  console.log(`${setting}: ${teacher.teacher} reads ${percent(teacher.accuracy)} of the ${scoredOn} digits`);
  const queue = rows.flatMap((row) => seeds.map((seed) => ({ row, seed })));
  const done = new Map(rows.map((row) => [row, []]));
  const work = async () => {
    let { page } = await openSetting(setting, threads);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { row, seed } = next;
      const run = page.evaluate((all) => globalThis.experiments.run(...all), [row.name, seed]);
      const result = await run.catch((error) => ({ error: String(error.message).split('\n')[0] }));
      done.get(row).push({ seed, ...result });
      if (done.get(row).length === seeds.length) await tell(row, done.get(row), teacher, threads);
      // Whatever a failure left behind, the next row does not see it.
      if (result.error !== undefined) {
        await page.close().catch(() => undefined);
        ({ page } = await openSetting(setting, threads));
      }
    }
    await page.close();
  };
  await Promise.all(Array.from({ length: count }, work));
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;

/** What is run: the commit, with a + where files were changed since. */
function commitHere() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':!experiments/results') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return '';
  }
}

const scoredOn = options.choose ? 'development' : 'test';
let failed = 0;

try {
  const page = await openPage();
  const { rows: listed, scored } = await page.evaluate((quick) => globalThis.experiments.list(quick), options.quick);
  await page.close();
  const table = await openTable(file, {
    machine: machineName(),
    browser: browser.browser()?.version() ?? '',
    quick: options.quick,
    scoredOn,
    scored,
    commit: commitHere(),
  });
  // Any row may be tried on development digits; candidates are never scored on others.
  const all = listed.filter(({ isCandidate }) => (options.choose ? isCandidate || options.only : !isCandidate));
  // The row of that name, or else all whose names hold it.
  const isOne = (part) => all.some(({ name }) => name === part);
  const isNamed = ({ name }) =>
    !options.only || options.only.some((part) => (isOne(part) ? name === part : name.includes(part)));
  const isMeant = (row) => options.setting === undefined || row.setting === options.setting;
  const named = all.filter((row) => isMeant(row) && isNamed(row));
  if (named.length === 0)
    throw new Error(`No row is called so. There are: ${[...new Set(all.map(({ name }) => name))].join(' · ')}`);
  // What they are held against is run too, where it was not before.
  const isHeldAgainst = (one) =>
    named.some((row) => [row.baseline, row.addsTo].includes(one.name) && row.setting === one.setting) &&
    !table.has(one);
  const isLeft = (row) => !options.continue || !table.has(row, seeds);
  const wanted = all.filter((row) => (named.includes(row) && isLeft(row)) || isHeldAgainst(row));
  const progress = table.progress(wanted, seeds.length, pageCount);

  const tell = async (row, results, teacher, threads) => {
    const failure = results.find(({ error }) => error !== undefined);
    if (failure === undefined) {
      const told = await table.add(row, results, teacher, threads);
      const beside = told.baselineMean === null ? '' : `, ${told.baseline ?? 'itself'} ${percent(told.baselineMean)}`;
      const figures = `${percent(told.accuracyMean)} ± ${(100 * told.accuracyStdDev).toFixed(2)}${beside}: ${told.verdict}`;
      console.log(
        `${progress(row)} ${row.setting}  ${row.name}: ${figures}, ${(told.msPerRun / 1000).toFixed(1)} s a run`,
      );
    } else {
      failed++;
      console.log(`${progress(row)} ${row.setting}  ${row.name} FAILED: ${failure.error}`);
    }
    if (file !== undefined) await writeTables(table.result, file);
  };

  for (const setting of ['few', 'all']) {
    const rows = wanted.filter((row) => row.setting === setting);
    if (rows.length > 0) await runSetting(setting, rows, tell);
  }
} finally {
  await browser.close();
  await server.close();
}
if (failed > 0) {
  console.error(`${failed} rows failed.`);
  process.exitCode = 1;
}
