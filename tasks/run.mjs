// The worked examples of people's tasks, each on real models in Chromium, with what its student reaches.
// Usage: npm run examples -- [--json FILE] [--only TASK]… [--settings JSON]   (with --only the file keeps its other rows)
// A task is one file beside this, `tasks/<task>.mjs`. It exports `task`, its name, and `run({ openPage, say, signal })`, which
// returns an ExampleRow. `--settings` are given to it too, for choices on its development split and small tries.
// `openPage(entry, extra)` opens a page on the built package with `entry` (tasks/pages/….ts) bundled into it and `extra` beside
// it, as scripts/serve.mjs takes files; the page sets `globalThis.task`. `say(text)` prints a line.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machineName } from '../benchmarks/machine.mjs';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';

/**
 * @typedef {{ task: string, teacher: string, student: string, metric: string, teacherValue: number, studentValue: number,
 *   control: string, controlValue: number, studentBytes: number, msPerExample: number, ms: number }} ExampleRow
 * `metric` names what the three values are; `control` says from what the same student learned that had no teacher.
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
const [{ chromium }, { serve }, { bundle }, { duration, figures }] = await Promise.all([
  import('playwright-core'),
  import('../scripts/serve.mjs'),
  import('../benchmarks/bundle.mjs'),
  import('../scripts/figures.mjs'),
]);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('Stopped.')));
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
stop.signal.addEventListener('abort', () => browser.close(), { once: true });

/** A page on a server of its own; both end with `close`. */
async function openPage(entry, extra = {}) {
  const server = await serve('dist', {
    extra: {
      ...extra,
      '/task.html': { type: 'text/html', body: '<!doctype html><title>example</title>' },
      '/task.js': await bundle(entry, { limbeck: `${root}dist/index.js` }),
    },
  });
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  page.once('close', () => server.close());
  await page.goto(`${server.url}/task.html`);
  await page.addScriptTag({ url: './task.js', type: 'module' });
  await page.waitForFunction(() => globalThis.task !== undefined);
  return page;
}

/** Throws a sentence where a row lacks something, so that no table shows a gap. */
function checked(row) {
  const missing = ['task', 'teacher', 'student', 'metric', 'control'].filter((name) => typeof row[name] !== 'string');
  const wrong = NUMBERS.filter((name) => !Number.isFinite(row[name]));
  if (missing.length + wrong.length === 0) return row;
  throw new Error(`The row lacks ${[...missing, ...wrong].join(', ')}: ${JSON.stringify(row)}`);
}

/** The rows that a file holds; of a file that is not there, none. */
async function rowsIn(path) {
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')).examples : [];
}

const files = (await readdir('tasks')).filter((name) => name.endsWith('.mjs') && name !== 'run.mjs').sort();
const tasks = await Promise.all(files.map((name) => import(new URL(name, import.meta.url).href)));
const unknown = options.only?.find((name) => !tasks.some(({ task }) => task === name));
if (unknown) throw new Error(`There is no task "${unknown}"; there are ${tasks.map(({ task }) => task).join(', ')}.`);

const examples = [];
let failed = 0;
try {
  for (const { task, run } of tasks.filter(({ task }) => options.only?.includes(task) ?? true)) {
    const say = (text) => console.log(`${task}: ${text}`);
    try {
      const row = checked(await run({ openPage, say, signal: stop.signal, ...settings }));
      examples.push(row);
      say(
        `${row.metric}: teacher ${figures(row.teacherValue)}, student ${figures(row.studentValue)}, ` +
          `control ${figures(row.controlValue)}; ${duration(row.ms)}`,
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
  const others = options.only ? await rowsIn(file) : [];
  const all = [...others.filter(({ task }) => !examples.some((row) => row.task === task)), ...examples];
  all.sort((a, b) => a.task.localeCompare(b.task));
  await writeFile(file, `${JSON.stringify({ ...about, examples: all }, null, 2)}\n`);
}
if (failed > 0) process.exitCode = 1;
