// Three real engines behind one small object, so that a check is written once and runs in each of them.
//   engine, version    what it is
//   evaluate(text)     the value of an expression in the page, awaited, as JSON carries it (NaN becomes null)
//   goto(url)          resolves when the page has loaded
//   workerCount()      workers of the page, helpers of workers among them; undefined where the engine does not tell
//   screenshot(path)   writes a PNG
//   close()            ends the engine and everything that was started for it; twice is fine
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { CHROMIUM_ARGS, ensureChromium, installDebianPackages } from './ensure.mjs';

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
        screenshot: (path) => page.screenshot({ path }),
      };
    },
    () => browser.close(),
  );
}

/** Firefox, over WebDriver BiDi. */
export async function openFirefox(url) {
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: ensured(() => programNamed('firefox-esr', 'firefox'), ['firefox-esr']),
    headless: true,
    timeout: START_MS,
    protocolTimeout: EVALUATE_MS,
  });
  return openedAt(
    url,
    async () => {
      const page = await browser.newPage();
      return {
        engine: 'firefox',
        version: (await browser.version()).replace(/^firefox\//i, ''),
        evaluate: (script) => page.evaluate(script),
        goto: (address) => page.goto(address, { timeout: START_MS }),
        workerCount: () => page.workers().length,
        screenshot: (path) => page.screenshot({ path }),
      };
    },
    () => browser.close(),
  );
}

/** What Safari offers and WebKitGTK keeps switched off: shared memory in isolated pages, and OPFS. */
const SAFARI_ENV = { JSC_useSharedArrayBuffer: '1' };
const SAFARI_FEATURES = ['FileSystem', 'AccessHandle', 'FileSystemWritableStream', 'StorageAPI', 'StorageAPIEstimate'];

/**
 * WebKit, over WebDriver: WebKitGTK's own MiniBrowser, on a screen that nobody sees. `as: 'shipped'` (default) leaves
 * it as it is, without shared memory and OPFS; `as: 'safari'` switches on what Safari has.
 */
export async function openWebKit(url, { as = 'shipped' } = {}) {
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
  });
  const args = ['--automation', ...(as === 'safari' ? [`--features=${SAFARI_FEATURES}`] : [])];
  let driver;
  return openedAt(
    url,
    async () => {
      await answers(`http://127.0.0.1:${port}/status`);
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
        async evaluate(script) {
          const settled = '(value) => tell({ value }), (error) => tell({ why: String(error) })';
          const { value, why } = await driver.executeAsyncScript(
            `const [tell] = arguments; ${script}.then(${settled});`,
          );
          if (why !== undefined) throw new Error(why);
          return value;
        },
        goto: (address) => driver.get(address),
        workerCount: () => undefined,
        screenshot: async (path) => writeFile(path, await driver.takeScreenshot(), 'base64'),
      };
    },
    async () => {
      await driver?.quit().catch(() => undefined);
      server.stop();
      screen.stop();
    },
  );
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

async function answers(url) {
  const until = Date.now() + START_MS;
  for (;;) {
    try {
      if ((await fetch(url)).ok) return;
    } catch (error) {
      if (Date.now() > until) throw new Error(`${url} does not answer: ${error.message}`);
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
  const stop = () => {
    process.off('exit', stop);
    try {
      process.kill(-child.pid);
    } catch {
      // It is gone already.
    }
  };
  process.once('exit', stop);
  return { child, stop };
}
