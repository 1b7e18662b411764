// A page of the built package in Chromium, for the benchmarks.
import { CHROMIUM_ARGS, ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

/** The folder of the demo, beside whose data and models a page may lie. */
export const DEMO = '/demo/';

/**
 * Opens it, with a script that puts what it can do into `bench`; the script and its workers are bundled. `bench(name, …)` calls it there.
 * `about` says on what, for a result file. The build in `dist/` is renewed if its sources have changed, unless another is named.
 * @param {{ script: string, folder?: string, workers?: Record<string, string>, alias?: Record<string, string>,
 *   dist?: string, extra?: () => Promise<Record<string, { type: string, body: string }>> }} options
 */
export async function openPage({ script, folder = '/', workers = {}, alias = {}, dist, extra = async () => ({}) }) {
  process.chdir(root);
  ensurePackages();
  const executablePath = ensureChromium();
  if (dist === undefined) ensureBuilt();
  const built = dist ?? `${root}dist`;
  const [{ chromium }, { serve }, { bundle }] = await Promise.all([
    import('playwright-core'),
    import('../scripts/serve.mjs'),
    import('./bundle.mjs'),
  ]);
  const page = (name) => `${folder}${name}`;
  const scripts = { [page('bench.js')]: await bundle(script, { limbeck: `${built}/index.js`, ...alias }) };
  for (const [path, file] of Object.entries(workers)) scripts[path] = await bundle(file);
  const server = await serve(built, {
    extra: {
      [page('bench.html')]: { type: 'text/html', body: '<!doctype html><title>benchmark</title>' },
      ...(folder === DEMO && { '/demo/worker.js': { type: 'text/javascript', body: "import '../worker.js';" } }),
      ...scripts,
      ...(await extra()),
    },
  });
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS }).catch(async (error) => {
    await server.close();
    throw error;
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(error.message));
    tab.on('console', (message) => message.type() === 'log' && console.log(message.text()));
    await tab.goto(`${server.url}${page('bench.html')}`);
    await tab.addScriptTag({ url: './bench.js', type: 'module' });
    await tab.waitForFunction(() => globalThis.bench !== undefined);
    return {
      tab,
      about: { machine: machineName(), browser: browser.version(), date: new Date().toISOString() },
      bench: (name, ...args) => tab.evaluate(([verb, given]) => globalThis.bench[verb](...given), [name, args]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
