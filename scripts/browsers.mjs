// Three real engines behind one small object, so that a check is written once and runs in each of them.
//   engine, version    what it is
//   evaluate(text)     the value of an expression in the page, awaited, as JSON carries it (NaN becomes null)
//   goto(url)          resolves when the page has loaded
//   workerCount()      workers of the page, helpers of workers among them; undefined where the engine does not tell
//   collectGarbage()   of the page and its workers, where the engine lets one (Chromium, with --js-flags=--expose-gc; Firefox, with
//                      --remote-allow-system-access)
//   screenshot(path)   writes a PNG
//   close()            ends the engine and everything that was started for it; twice is fine
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM_ARGS, ensureChromium, installDebianPackages } from './ensure.mjs';

/** Resolves when the work is done or has failed, or after a moment. */
const soon = (work) => Promise.race([work.catch(() => undefined), new Promise((go) => setTimeout(go, 200))]);

const SYSTEM_ACCESS = '--remote-allow-system-access';
/** What Firefox's own about:memory asks of the processes of pages; only the last, "minimize memory usage", reaches their workers. */
const COLLECT = ['gc', 'cc', 'mmu']
  .map((what) => `Services.obs.notifyObservers(null, 'child-${what}-request');`)
  .join('');

/** How long one expression may take. */
const EVALUATE_MS = 600_000;
const START_MS = 60_000;

/** Installs the Debian packages that are missing. Throws a sentence where that is not possible. */
export function ensureInstalled(packages) {
  const isInstalled = (name) => /^ii /m.test(String(spawnSync('dpkg-query', ['--list', name]).stdout));
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length > 0) installDebianPackages(missing, `Not installed: ${missing.join(', ')}.`);
}

/** Chromium, over its DevTools protocol. `args` adds switches, such as those for WebGPU in software. */
export async function openChromium(url, { args = [] } = {}) {
  const { chromium } = await import('@playwright/test');
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...CHROMIUM_ARGS, ...args] });
  return openedAt(
    url,
    async () => {
      const page = await browser.newPage();
      return {
        engine: 'chromium',
        version: browser.version(),
        evaluate: (script) => page.evaluate(script),
        goto: (address) => page.goto(address, { timeout: START_MS }),
        workerCount: () => page.workers().length,
        collectGarbage: () =>
          // A worker that is on its way out does not answer, and has nothing to collect.
          Promise.all([page, ...page.workers()].map((one) => soon(one.evaluate('globalThis.gc?.()')))),
        screenshot: (path) => page.screenshot({ path }),
      };
    },
    () => browser.close(),
  );
}

/**
 * Firefox, over Marionette. Not over WebDriver BiDi: its session listens to every worker, and Firefox 153 then hangs
 * now and then while a worker starts workers, which a plain Firefox, or one driven so, does not. `prefs` are preferences by name.
 */
export async function openFirefox(url, { args = [], prefs = {} } = {}) {
  const program = ensured(() => programNamed('firefox-esr', 'firefox'), ['firefox-esr']);
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'));
  const lines = Object.entries({ 'marionette.port': 0, ...prefs }).map(
    (pref) => `user_pref(${JSON.stringify(pref).slice(1, -1)});\n`,
  );
  await writeFile(join(profile, 'user.js'), lines.join(''));
  const firefox = start(program, ['--headless', '--no-remote', '--marionette', ...args, '--profile', profile]);
  let marionette;
  return openedAt(
    url,
    async () => {
      const port = await answer(() => readFile(join(profile, 'MarionetteActivePort'), 'utf8'), 'Firefox');
      marionette = await connectMarionette(Number(port));
      const { capabilities } = await marionette.send('WebDriver:NewSession', {});
      await marionette.send('WebDriver:SetTimeouts', { script: EVALUATE_MS, pageLoad: START_MS });
      return {
        engine: 'firefox',
        version: capabilities.browserVersion,
        evaluate: async (script) =>
          settledValue(await marionette.send('WebDriver:ExecuteAsyncScript', { script: telling(script), args: [] })),
        goto: (address) => marionette.send('WebDriver:Navigate', { url: address }),
        workerCount: () => undefined,
        collectGarbage: async () => {
          if (!args.includes(SYSTEM_ACCESS)) return;
          await marionette.send('Marionette:SetContext', { value: 'chrome' });
          await marionette.send('WebDriver:ExecuteScript', { script: COLLECT, args: [] });
          await marionette.send('Marionette:SetContext', { value: 'content' });
        },
        screenshot: async (path) => {
          const { value } = await marionette.send('WebDriver:TakeScreenshot', { full: false });
          await writeFile(path, value, 'base64');
        },
      };
    },
    async () => {
      marionette?.close();
      await firefox.stop();
      await rm(profile, { recursive: true, force: true });
    },
  );
}

/** Marionette's wire: "length:[0, id, command, parameters]" there, "length:[1, id, error, result]" back. */
async function connectMarionette(port) {
  const socket = connect(port, '127.0.0.1');
  const waiting = new Map();
  let received = Buffer.alloc(0);
  // Firefox speaks first, without an id.
  const greeting = new Promise((resolve, reject) => waiting.set(undefined, { resolve, reject }));
  const take = (message) => {
    const [, id, error, result] = Array.isArray(message) ? message : [];
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  };
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (let colon = received.indexOf(':'); colon >= 0; colon = received.indexOf(':')) {
      const end = colon + 1 + Number(received.subarray(0, colon));
      if (received.length < end) return;
      const message = JSON.parse(received.subarray(colon + 1, end));
      received = received.subarray(end);
      take(message);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox ended.'));
    waiting.clear();
  });
  await greeting;
  let last = 0;
  return {
    send(command, parameters) {
      const text = JSON.stringify([0, ++last, command, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
      return new Promise((resolve, reject) => waiting.set(last, { resolve, reject }));
    },
    close: () => socket.destroy(),
  };
}

/** What Safari offers and WebKitGTK keeps switched off: shared memory in isolated pages, and OPFS. */
const SAFARI_ENV = { JSC_useSharedArrayBuffer: '1' };
const SAFARI_FEATURES = ['FileSystem', 'AccessHandle', 'FileSystemWritableStream', 'StorageAPI', 'StorageAPIEstimate'];

/**
 * WebKit, over WebDriver: WebKitGTK's own MiniBrowser, on a virtual screen. `as: 'shipped'` (default) leaves
 * it as it is, without shared memory and OPFS; `as: 'safari'` switches on what Safari has.
 */
export async function openWebKit(url, { as = 'shipped', env = {} } = {}) {
  const { Builder, Capabilities } = await import('selenium-webdriver');
  const packages = ['webkit2gtk-driver', 'xvfb'];
  const [program, binary] = ensured(() => [programNamed('WebKitWebDriver'), miniBrowser()], packages);
  const screen = await startScreen(ensured(() => programNamed('Xvfb'), packages));
  const port = await freePort();
  const server = start(program, [`--port=${port}`], {
    DISPLAY: screen.display,
    GDK_BACKEND: 'x11',
    // Root cannot set the sandbox up.
    ...(process.getuid?.() === 0 && { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }),
    ...(as === 'safari' && SAFARI_ENV),
    ...env,
  });
  const args = ['--automation', ...(as === 'safari' ? [`--features=${SAFARI_FEATURES}`] : [])];
  let driver;
  return openedAt(
    url,
    async () => {
      await answer(() => fetch(`http://127.0.0.1:${port}/status`), 'WebKitWebDriver');
      driver = await new Builder()
        .disableEnvironmentOverrides()
        .usingServer(`http://127.0.0.1:${port}`)
        .withCapabilities(
          new Capabilities({
            browserName: 'MiniBrowser',
            'webkitgtk:browserOptions': { binary, args },
          }),
        )
        .build();
      await driver.manage().setTimeouts({ script: EVALUATE_MS, pageLoad: START_MS });
      return {
        engine: 'webkit',
        version: (await driver.getCapabilities()).getBrowserVersion(),
        evaluate: async (script) => settledValue({ value: await driver.executeAsyncScript(telling(script)) }),
        goto: (address) => driver.get(address),
        workerCount: () => undefined,
        collectGarbage: async () => undefined,
        screenshot: async (path) => writeFile(path, await driver.takeScreenshot(), 'base64'),
      };
    },
    async () => {
      await driver?.quit().catch(() => undefined);
      await server.stop();
      await screen.stop();
    },
  );
}

/** The body of a WebDriver script that tells how a promise settles. */
function telling(script) {
  return `const [tell] = arguments; ${script}.then((value) => tell({ value }), (error) => tell({ why: String(error) }));`;
}

function settledValue({ value: { value, why } }) {
  if (why !== undefined) throw new Error(why);
  return value;
}

/** What all three share: values as JSON, a first address, an end that comes once and also when the start fails. */
async function openedAt(url, connect, end) {
  let ending;
  const close = () => {
    ending ??= end();
    return ending;
  };
  try {
    const page = await connect();
    const browser = {
      ...page,
      async evaluate(expression) {
        const json = await page.evaluate(`(async () => JSON.stringify(await (${expression})))()`);
        return typeof json === 'string' ? JSON.parse(json) : undefined;
      },
      goto: async (address) => void (await page.goto(address)),
      screenshot: async (path) => void (await page.screenshot(path)),
      close,
    };
    if (url !== undefined) await browser.goto(url);
    return browser;
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `find` gives; where it throws, the packages are installed and it is asked again. */
function ensured(find, packages) {
  try {
    return find();
  } catch {
    ensureInstalled(packages);
    return find();
  }
}

/** Throws a sentence where none of the programs is in the PATH. */
function programNamed(...names) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/bin'];
  const found = names.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`There is no ${names.join(' and no ')} in the PATH.`);
  return found;
}

/** MiniBrowser lies among WebKit's own files: /usr/lib/<machine>/webkit2gtk-<version of its interface>/. */
function miniBrowser() {
  const inside = (folder) => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const machine of inside('/usr/lib')) {
    for (const { name } of inside(`/usr/lib/${machine.name}`).filter((entry) => entry.name.startsWith('webkit2gtk-'))) {
      const path = `/usr/lib/${machine.name}/${name}/MiniBrowser`;
      if (existsSync(path)) return path;
    }
  }
  throw new Error('There is no MiniBrowser in /usr/lib/*/webkit2gtk-*; WebKitGTK brings it.');
}

/** An X server without a screen, on the first free display. */
function startScreen(program) {
  const server = start(program, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp']);
  return new Promise((resolve, reject) => {
    server.child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code} before it had a display.`)));
    let told = '';
    server.child.stdio[3].on('data', (text) => {
      told += text;
      if (told.endsWith('\n')) resolve({ display: `:${told.trim()}`, stop: server.stop });
    });
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** What `ask` gives as soon as it gives something: it is asked again until the program is ready. */
async function answer(ask, name) {
  const until = Date.now() + START_MS;
  for (;;) {
    try {
      const value = await ask();
      if (value !== '') return value;
    } catch (error) {
      if (Date.now() > until) throw new Error(`${name} does not answer: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A program in a process group of its own, which ends as a whole, at the latest with this process. */
function start(program, args, env = {}) {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  };
  process.once('exit', kill);
  const stop = () => {
    process.off('exit', kill);
    kill();
    return exited;
  };
  return { child, stop };
}
