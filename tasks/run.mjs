// The worked examples of people's tasks, each on real models in Chromium, with what its student reaches.
// Usage: npm run examples -- [--json FILE] [--only TASK]… [--settings JSON]   (with --only the file keeps its other rows)
// A task is one file beside this, `tasks/<task>.mjs`, and one in `pages/`. The former exports `task`, its name, and
// `files(settings)`, what its page needs by name: a text or bytes; if its data are no part of the packages, `ensure()`, which gets
// them or says how, and `isThere()`: the demo has the task where they are; `isInDemo`, false where the demo never has it;
// `filesInDemo()`, where the demo has other files, such as fewer; and `isByName`, true where it runs only if it is named, since another example has the same task; a run of the others keeps its row. The
// latter runs in a page on the built package, or in a worker of the demo's page (pages/tools.ts); its `run(settings)` gives an
// ExampleRow. `--settings` are for choices on the development split, and small tries.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machineName } from '../benchmarks/machine.mjs';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

/**
 * @typedef {{ task: string, teacher: string, student: string, metric: string, better: 'higher' | 'lower', teacherValue: number,
 *   studentValue: number, control: string, controlValue: number, studentBytes: number, msPerExample: number, ms: number }} ExampleRow
 * `metric` names what the three values are, and `better` which of two is; `control` says from what the same student learned that
 * had no teacher.
 * `msPerExample` is what the student takes for one answer, `ms` what the whole example took.
 */
const NUMBERS = ['teacherValue', 'studentValue', 'controlValue', 'studentBytes', 'msPerExample', 'ms'];

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
    settings: { type: 'string', default: '{}' },
  },
});
const file = options.json && resolve(options.json);
const settings = JSON.parse(options.settings);
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const [{ chromium }, { serve }, { bundle }, { duration, figures }, { loadTasks }, { verdictOf }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('../benchmarks/bundle.mjs'),
  import('../scripts/figures.mjs'),
  import('../scripts/tasks.mjs'),
  import('../scripts/tables/examples.mjs'),
]);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('Stopped.')));
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
stop.signal.addEventListener('abort', () => browser.close(), { once: true });

const TYPES = { '.json': 'application/json', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8' };

/** A page on a server of its own with a task's files; both end with `close`. */
async function openPage(task, files, say) {
  const extra = Object.entries(files).map(([name, body]) => [
    `/${name}`,
    { type: TYPES[extname(name)] ?? 'application/octet-stream', body },
  ]);
  const server = await serve('dist', {
    extra: {
      ...Object.fromEntries(extra),
      '/task.html': { type: 'text/html', body: '<!doctype html><title>example</title>' },
      '/task.js': await bundle(`tasks/pages/${task}.ts`, { limbeck: `${root}dist/index.js` }),
    },
  });
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  page.once('close', () => server.close());
  await page.exposeFunction('say', say);
  await page.goto(`${server.url}/task.html`);
  await page.evaluate(() => {
    globalThis.taskTools = { say: globalThis.say };
  });
  await page.addScriptTag({ url: './task.js', type: 'module' });
  await page.waitForFunction(() => globalThis.task !== undefined);
  return page;
}

/** Throws a sentence where a row lacks something, so that no table shows a gap. */
function checked(row) {
  const missing = ['task', 'teacher', 'student', 'metric', 'control'].filter((name) => typeof row[name] !== 'string');
  const wrong = NUMBERS.filter((name) => !Number.isFinite(row[name]));
  if (!['higher', 'lower'].includes(row.better)) missing.push('better');
  if (missing.length + wrong.length === 0) return row;
  throw new Error(`The row lacks ${[...missing, ...wrong].join(', ')}: ${JSON.stringify(row)}`);
}

/** The rows that a file holds; of a file that is not there, none. */
async function rowsIn(path) {
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')).examples : [];
}

const tasks = await loadTasks();
const unknown = options.only?.find((name) => !tasks.some(({ task }) => task === name));
if (unknown) throw new Error(`There is no task "${unknown}"; there are ${tasks.map(({ task }) => task).join(', ')}.`);

const wanted = tasks.filter(({ task, isByName = false }) => options.only?.includes(task) ?? !isByName);
const examples = [];
let failed = 0;
try {
  for (const { task, files, ensure } of wanted) {
    const say = (text) => console.log(`${task}: ${text}`);
    try {
      await ensure?.();
      const page = await openPage(task, await files(settings), say);
      stop.signal.throwIfAborted();
      const row = checked({ task, ...(await page.evaluate((given) => globalThis.task.run(given), settings)) });
      examples.push(row);
      say(
        `${row.metric}: teacher ${figures(row.teacherValue)}, student ${figures(row.studentValue)}, ` +
          `control ${figures(row.controlValue)} (${verdictOf(row)}); ${duration(row.ms)}`,
      );
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      failed++;
      say(`failed: ${error.message}`);
    }
    for (const page of browser.contexts().flatMap((context) => context.pages())) await page.close();
  }
} finally {
  await browser.close();
}
if (file) {
  await mkdir(dirname(file), { recursive: true });
  const about = { machine: machineName(), browser: browser.version(), date: new Date().toISOString() };
  const kept = options.only ? tasks : tasks.filter(({ isByName }) => isByName);
  const others = (await rowsIn(file)).filter((row) => kept.some(({ task }) => task === row.task));
  const all = [...others.filter(({ task }) => !examples.some((row) => row.task === task)), ...examples];
  all.sort((a, b) => a.task.localeCompare(b.task));
  await writeFile(file, `${JSON.stringify({ ...about, examples: all }, null, 2)}\n`);
}
if (failed > 0) process.exitCode = 1;
