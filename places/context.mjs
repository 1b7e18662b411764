// What a row gets: a folder, a server, a browser, and the check of a page that uses limbeck.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium, root } from '../scripts/ensure.mjs';
import { serve } from '../scripts/serve.mjs';

const places = join(root, 'places');
/** The teacher of all rows: seven numbers in, four classes out. */
const teacherFile = join(root, 'src/student/golden/fromOnnx/mlp.onnx');
const PAGE_MS = 120_000;
/** A check that never ends costs its row, not all others. */
const LONGEST_MS = 600_000;

/** @typedef {ReturnType<typeof openContext>} Context */

/**
 * The context of one row; `close` ends all that it started.
 * @param {string} name
 * @param {{ isKept?: boolean }} options
 */
export function openContext(name, { isKept = false } = {}) {
  mkdirSync(join(places, 'out'), { recursive: true });
  // In places/, so that `limbeck` and its peers are found in places/node_modules.
  const folder = mkdtempSync(join(places, `out/${name}-`));
  /** @type {(() => unknown)[]} */
  const closers = [];
  /** @type {Promise<import('@playwright/test').Browser> | undefined} */
  let browser;
  const log = (text) => console.log(`   ${text}`);

  const context = {
    name,
    /** A fresh folder, removed afterwards. */
    folder,
    log,
    teacherFile,
    projects: join(places, 'projects'),
    /** The unpacked tarball. */
    limbeck: join(places, 'node_modules/limbeck'),
    /** Ends what a row started itself. */
    onClose: (closer) => void closers.push(closer),
    /** A program of an installed package. */
    bin: (program) =>
      [join(places, 'node_modules/.bin', program), join(root, 'node_modules/.bin', program)].find(existsSync) ??
      program,
    /** Copies projects of places/projects/ into the folder, one over the other. */
    copyProject(...names) {
      for (const one of names) cpSync(join(places, 'projects', one), folder, { recursive: true });
      return folder;
    },
    /** Runs a program in the folder and gives what it printed. Throws with that when it fails. */
    run: (program, args, { env = {}, timeoutMs = 300_000 } = {}) =>
      runProgram(program, args, { cwd: folder, env, timeoutMs }),
    /** Starts a program that stays, such as a server; it is ended afterwards. */
    start(program, args, { env = {} } = {}) {
      const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env }, detached: true });
      const said = [];
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => said.push(text));
      const ended = new Promise((resolve) => child.once('close', resolve));
      closers.push(() => {
        // Its own group, so that what it started ends too.
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return undefined;
        process.kill(-child.pid, 'SIGTERM');
        return ended;
      });
      return { child, said: () => said.join(''), ended };
    },
    /** What a user runs where the bundler lays no files: the package's own command. */
    layAssets: (to) =>
      runProgram(process.execPath, [join(context.limbeck, 'dist/cli.js'), 'assets', '--to', to], { cwd: folder }),
    /** Serves a folder, with the teacher at /teacher.onnx; see scripts/serve.mjs for the options. Gives the address. */
    async serve(of = folder, options = {}) {
      const extra = { '/teacher.onnx': { type: 'application/octet-stream', body: readFileSync(teacherFile) } };
      const server = await serve(of, { ...options, extra: { ...extra, ...options.extra } });
      closers.push(() => server.close());
      return server.url;
    },
    /** Chromium, one a row, or one with switches of its own. */
    openBrowser(options = {}) {
      const launch = async () => {
        const { args = [], ...others } = options;
        const all = { executablePath: ensureChromium(), args: [...CHROMIUM_ARGS, ...args], ...others };
        const opened = await chromium.launch(all);
        closers.push(() => opened.close());
        return opened;
      };
      if (Object.keys(options).length > 0) return launch();
      browser ??= launch();
      return browser;
    },
    /** A new page, and the list of what goes wrong in it: errors, console errors, refused or failed requests. */
    async openPage() {
      const page = await (await context.openBrowser()).newPage();
      return { page, faults: faultsOf(page) };
    },
    /** Opens an address whose page sets `limbeckPlace`, and gives what it found. Throws where anything went wrong. */
    async resultAt(url) {
      const { page, faults } = await context.openPage();
      await page.goto(url);
      await page
        .waitForFunction(() => 'limbeckPlace' in globalThis, undefined, { timeout: PAGE_MS })
        .catch((error) => faults.push(`the page's script did not begin: ${error.message}`));
      const told = await within(
        page.evaluate(() => globalThis.limbeckPlace),
        LONGEST_MS,
        `the page's check has not ended after ${LONGEST_MS / 60_000} minutes`,
      );
      await page.close();
      const { error, result } = told ?? {};
      if (error) faults.unshift(`${error.name}${error.code ? ` ${error.code}` : ''}: ${error.message}`);
      if (faults.length > 0) throw new Error(`${url}: ${[...new Set(faults)].join('\n')}`);
      return result;
    },
    /**
     * The page of places/projects/app as a bundler left it in a folder, isolated and not: threads where it is isolated, one
     * thread where it is not, and nothing refused or missing.
     */
    async checkBuilt(of, { path = '/', tfjs, ...options } = {}) {
      const at = async (isIsolated) => `${await context.serve(of, { ...options, isIsolated })}${path}`;
      return context.checkPages(await at(true), await at(false), { tfjs });
    },
    /** The same of two addresses that are served already. */
    async checkPages(isolatedUrl, plainUrl, { tfjs } = {}) {
      const isolated = await context.resultAt(isolatedUrl);
      const plain = await context.resultAt(plainUrl);
      const threads = (one) => Object.entries(one.threads).map(([of, count]) => `${of} ${count}`);
      if (!isolated.isIsolated || plain.isIsolated) throw new Error('isolation is not what the server said');
      if (Object.values(isolated.threads).some((count) => count < 2)) {
        throw new Error(`isolated, but threads: ${threads(isolated)} (${isolated.notices})`);
      }
      if (Object.values(plain.threads).some((count) => count !== 1)) throw new Error(`not isolated: ${threads(plain)}`);
      if (tfjs !== undefined && plain.tfjs !== tfjs) throw new Error(`tfjs was ${plain.tfjs}, not ${tfjs}`);
      log(`threads ${threads(isolated).join(', ')}; agreement ${isolated.agreement.toFixed(2)}`);
    },
    async close() {
      for (const closer of closers.reverse()) await closer();
      if (isKept) log(`kept: ${folder}`);
      else rmSync(folder, { recursive: true, force: true });
    },
  };
  return context;
}

function within(promise, ms, sentence) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(sentence)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function faultsOf(page) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} for ${response.url()}`);
  });
  return faults;
}

function runProgram(program, args, { cwd, env = {}, timeoutMs = 300_000 }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, timeout: timeoutMs });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => said.push(text));
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(said.join(''));
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status}:\n${said.join('')}`));
    });
  });
}
