// A table of every loss and scheme on handwritten digits: accuracy of the student over some seeds beside the same student
// without a teacher, in two situations. `few`: 200 labels, 7,800 digits without, a text reader as teacher. `all`: all
// labels, a resnet8 trained here as teacher. Rows that were run before are kept in the file and replaced one by one.
// Usage: npm run experiments -- [--json FILE] [--only NAME] [--setting few|all] [--seeds N] [--quick] [--pages N]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
    setting: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    pages: { type: 'string', default: '1' },
  },
});
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1);
const file = options.json ?? (options.quick ? undefined : 'experiments/results/experiments.json');

process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { splitDigits }, { drawPictures }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('../benchmarks/bundle.mjs'),
  import('../scripts/demoData.mjs'),
  import('./picture.mjs'),
]);

const { train } = await splitDigits();
const server = await serve('dist', {
  extra: {
    // Beside the demo, whose data and models it reads.
    '/demo/experiments.html': { type: 'text/html', body: '<!doctype html><title>experiments</title>' },
    '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" },
    '/demo/experiments.js': await bundle('experiments/page/main.ts', { limbeck: `${root}dist/index.js` }),
    '/demo/data/train-labels.bin': {
      type: 'application/octet-stream',
      body: Buffer.from(train.map(({ label }) => label)),
    },
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });

async function openPage() {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.url}/demo/experiments.html`);
  await page.addScriptTag({ url: './experiments.js', type: 'module' });
  await page.waitForFunction(() => globalThis.experiments !== undefined);
  return page;
}

/** Runs the rows of a setting on some pages at once, each with its share of the cores; tells each row as it is done. */
async function runSetting(setting, rows, tell) {
  const count = Math.min(Number(options.pages), rows.length * seeds.length);
  const threads = Math.max(1, Math.floor(Math.min(4, cpus().length) / count));
  const pages = await Promise.all(Array.from({ length: count }, openPage));
  const queue = rows.flatMap((row) => seeds.map((seed) => ({ row, seed })));
  const done = new Map(rows.map((row) => [row, []]));
  let teacher;
  await Promise.all(
    pages.map(async (page) => {
      const opened = await page.evaluate(
        (given) => globalThis.experiments.open(...given),
        [setting, options.quick, threads],
      );
      if (teacher === undefined)
        console.log(`${setting}: ${opened.teacher} reads ${percent(opened.accuracy)} of the held-out digits`);
      teacher ??= opened;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { row, seed } = next;
        const run = page.evaluate((given) => globalThis.experiments.run(...given), [row.name, seed]);
        const result = await run.catch((error) => ({ error: String(error.message).split('\n')[0] }));
        const results = done.get(row);
        results.push({ seed, ...result });
        if (results.length === seeds.length) await tell(row, results, teacher, threads);
      }
      await page.close();
    }),
  );
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const deviation = (list) =>
  list.length < 2 ? 0 : Math.sqrt(list.reduce((sum, value) => sum + (value - mean(list)) ** 2, 0) / (list.length - 1));

const result = {
  machine: `${cpus()[0].model}, ${cpus().length} cores`,
  browser: browser.version(),
  date: new Date().toISOString(),
  rows: await readFile(file ?? '', 'utf8').then(
    (text) => JSON.parse(text).rows,
    () => [],
  ),
};
let failed = 0;

const compare = (rows) => {
  const accuracyOf = (name, setting) => rows.find((row) => row.name === name && row.setting === setting)?.accuracyMean;
  return rows.map((row) => ({ ...row, baselineMean: accuracyOf(row.baseline, row.setting) ?? null }));
};

async function save() {
  result.rows = compare(result.rows);
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}

async function tell(
  { name, kind, setting, baseline, teacher },
  results,
  { teacher: own, accuracy: teacherAccuracy },
  threads,
) {
  const failure = results.find(({ error }) => error !== undefined);
  if (failure !== undefined) {
    failed++;
    console.log(`${setting}  ${name}: ${failure.error}`);
    return;
  }
  const accuracies = results.sort((a, b) => a.seed - b.seed).map(({ accuracy }) => accuracy);
  const row = {
    ...{ name, kind, setting, teacher: teacher ?? own, teacherAccuracy, seeds: results.map(({ seed }) => seed) },
    ...{
      accuracies,
      accuracyMean: mean(accuracies),
      accuracyStdDev: deviation(accuracies),
      baseline,
      baselineMean: null,
    },
    ...{ msPerRun: mean(results.map(({ ms }) => ms)), threads },
  };
  result.rows = [...result.rows.filter((one) => one.name !== name || one.setting !== setting), row];
  await save();
  const told = result.rows.at(-1);
  const beside = told.baselineMean === null ? '' : `, ${told.baseline} ${percent(told.baselineMean)}`;
  console.log(
    `${setting}  ${name.padEnd(40)} ${percent(told.accuracyMean)} ± ${(100 * told.accuracyStdDev).toFixed(2)}${beside}, ` +
      `${(told.msPerRun / 1000).toFixed(1)} s a run`,
  );
}

try {
  const page = await openPage();
  const all = await page.evaluate(() => globalThis.experiments.list());
  await page.close();
  const isWanted = ({ name, setting }) =>
    (options.setting === undefined || setting === options.setting) &&
    (options.only === undefined || options.only.some((part) => name.includes(part)));
  const wanted = all.filter(isWanted);
  if (wanted.length === 0) throw new Error(`No row is called so. There are: ${all.map(({ name }) => name).join(', ')}`);
  for (const setting of ['few', 'all']) {
    const rows = wanted.filter((row) => row.setting === setting);
    if (rows.length > 0) await runSetting(setting, rows, tell);
  }
  if (file !== undefined) await drawPictures(result, join(dirname(file)));
} finally {
  await browser.close();
  await server.close();
}
if (failed > 0) {
  console.error(`${failed} rows failed.`);
  process.exitCode = 1;
}
