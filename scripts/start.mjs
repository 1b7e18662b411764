// npm start: the main job on real input. Installs and builds what is missing, then distils in a headless browser.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from './ensure.mjs';

/** Where the browser keeps the teacher's answers from one start to the next. */
const PROFILE = 'out/browser';
/** A browser keeps by origin, and a free port is another origin each time; this name stands for whichever it is. */
const HOST = 'limbeck.localhost';

const USAGE = `npm start -- [options]
  --epochs N    epochs of training (6)
  --seed N      decides initial weights and the order of examples (1)
  --limit N     how many of the 8,000 digits to learn from (8000)
  --threads N   threads for teacher and student (the cores, 4 at most)
  --kernels off train without limbeck's kernels, for comparison: 100 times slower
  --fresh       start from nothing: forget the teacher's answers that earlier starts kept
  --json FILE   write the report there too
  --port N      port of the page's server (any free one)
  --headed      show the page
  --help        this text`;

function readArguments() {
  const text = { type: 'string' };
  const options = { epochs: text, seed: text, limit: text, threads: text, kernels: text, json: text, port: text };
  const flags = { fresh: { type: 'boolean' }, headed: { type: 'boolean' }, help: { type: 'boolean' } };
  const { values } = parseArgs({ options: { ...options, ...flags } });
  for (const [name, least] of [
    ['epochs', 1],
    ['seed', 0],
    ['limit', 1],
    ['threads', 1],
    ['port', 0],
  ]) {
    const value = values[name];
    if (value === undefined || (/^\d+$/.test(value) && Number(value) >= least)) continue;
    throw new Error(`--${name} was "${value}"; it must be a whole number of at least ${least}.`);
  }
  if (!['on', 'off', undefined].includes(values.kernels)) throw new Error('--kernels must be on or off.');
  return values;
}

async function main() {
  const args = readArguments();
  if (args.help) return console.log(USAGE);
  const startedAt = performance.now();
  process.chdir(root);
  ensurePackages();
  const executablePath = ensureChromium();
  ensureBuilt();
  const [{ chromium }, { serve }, terminal] = await Promise.all([
    import('playwright-core'),
    import('./serve.mjs'),
    import('./terminal.mjs'),
  ]);
  if (args.headed && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    throw new Error('--headed needs a screen (DISPLAY is not set).');
  }
  const server = await serve('dist/demo', { port: Number(args.port ?? 0) });
  if (args.fresh) await rm(PROFILE, { recursive: true, force: true });
  const context = await openBrowser(chromium, {
    executablePath,
    headless: !args.headed,
    args: [...CHROMIUM_ARGS, `--host-resolver-rules=MAP ${HOST} ${new URL(server.url).host}`],
    handleSIGINT: false,
  });
  const progress = terminal.startProgress();
  let isStopping = false;
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const query = new URLSearchParams({ autostart: '1' });
    for (const name of ['epochs', 'seed', 'limit', 'threads', 'kernels']) {
      if (args[name] !== undefined) query.set(name, args[name]);
    }
    await page.goto(`http://${HOST}/?${query}`);
    const pageMs = performance.now() - startedAt;
    process.on('SIGINT', () => {
      if (isStopping) process.exit(130);
      isStopping = true;
      page.evaluate(() => window.limbeckDemo.cancel()).catch(() => undefined);
    });
    const outcome = await follow(page, progress);
    progress.stop();
    if (outcome.state === 'cancelled') {
      console.log('Stopped. Nothing was written.');
      process.exitCode = 130;
      return;
    }
    if (outcome.state === 'failed')
      throw new Error(`${outcome.error.code ?? outcome.error.name}: ${outcome.error.message}`);
    const {
      report: reported,
      files,
      html,
    } = await page.evaluate(() => {
      const { result, reportHtml } = window.limbeckDemo;
      // Numbers cross to this process as text; bytes do not.
      const asNumbers = ([name, data]) => [name, typeof data === 'string' ? data : Array.from(data)];
      const all = Object.entries({ ...result.files, ...result.forms });
      return { report: result.report, files: Object.fromEntries(all.map(asNumbers)), html: reportHtml };
    });
    const report = { ...reported, command: { pageMs, studentMs: outcome.studentAt - startedAt } };
    await writeOutput(report, files, html, args.json);
    terminal.printReport(report, performance.now() - startedAt);
    if (args.headed) await page.waitForEvent('close', { timeout: 0 });
  } finally {
    progress.stop();
    await context.close();
    await server.close();
  }
}

/** A browser with the project's own profile; a second start at the same time gets an empty one, for its own. */
async function openBrowser(chromium, options) {
  try {
    return await chromium.launchPersistentContext(PROFILE, options);
  } catch (error) {
    console.log(
      `The browser's profile ${PROFILE} cannot be opened (is another start running?): nothing is kept this time.`,
    );
    return chromium.launchPersistentContext('', options).catch(() => {
      throw error;
    });
  }
}

/** Shows the page's events until it is over, and tells when the student was there: it is measured and exported then. */
async function follow(page, progress) {
  let studentAt;
  for (let seen = 0; ; ) {
    const { events, state, error } = await page.evaluate((from) => {
      const demo = window.limbeckDemo;
      return { events: demo.events.slice(from), state: demo.state, error: demo.error };
    }, seen);
    seen += events.length;
    for (const event of events) progress.show(event);
    if (events.some(({ type, stage }) => type === 'stage' && stage === 'measure')) studentAt = performance.now();
    if (state === 'done' || state === 'cancelled' || state === 'failed') return { state, error, studentAt };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function writeOutput(report, files, html, jsonFile) {
  const json = `${JSON.stringify(report, null, 2)}\n`;
  await mkdir('out/student', { recursive: true });
  await writeFile('out/report.json', json);
  await writeFile('out/report.html', html);
  for (const [name, data] of Object.entries(files)) {
    await writeFile(`out/student/${name}`, typeof data === 'string' ? data : Uint8Array.from(data));
  }
  if (jsonFile === undefined) return;
  await mkdir(dirname(jsonFile), { recursive: true });
  await writeFile(jsonFile, json);
}

main().catch((error) => {
  console.error(`\nlimbeck: ${error.message}`);
  process.exit(1);
});
