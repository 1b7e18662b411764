import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/ensure.mjs';

export default {
  name: 'extension',
  title: 'a service worker of an extension (Manifest V3)',
  packages: 'root',
  async run({ copyProject, folder, limbeck, teacherFile, log }) {
    const { build } = await import('esbuild');
    const extension = join(folder, 'extension');
    // Without splitting, so that what limbeck loads late is in the one file too.
    await build({
      entryPoints: [join(copyProject('extension'), 'worker.js')],
      outfile: join(extension, 'background.js'),
      bundle: true,
      format: 'esm',
      logLevel: 'error',
    });
    cpSync(join(folder, 'manifest.json'), join(extension, 'manifest.json'));
    cpSync(teacherFile, join(extension, 'teacher.onnx'));
    for (const file of readdirSync(join(limbeck, 'dist'))) {
      if (/^(kernels|tfjs-backend).*\.wasm$/.test(file)) cpSync(join(limbeck, 'dist', file), join(extension, file));
    }
    const { error, result } = await inExtension(extension);
    if (error) throw new Error(`${error.code ?? error.name}: ${error.message}\n${error.stack}`);
    const { device, threads, agreement, gaps, shipped, onnxruntime } = result;
    if (device !== 'kernels' || threads !== 1) throw new Error(`the teacher is on ${device}, with ${threads} threads`);
    if (agreement < 0.8) throw new Error(`the student agrees with its teacher on ${agreement} of the examples only`);
    if (Math.max(...gaps) > 1e-3) throw new Error(`what was written and read answers otherwise, by ${gaps}`);
    if (!/^worker-unreachable: .*worker: 'none'/s.test(shipped)) throw new Error(`a worker: ${shipped}`);
    if (!/^backend-unavailable: .*device: 'kernels'/s.test(onnxruntime)) throw new Error(`onnxruntime: ${onnxruntime}`);
    log(`agreement ${agreement.toFixed(2)}`);
    return "on limbeck's kernels, with worker: 'none', in one file; workers, threads and onnxruntime are refused by an error";
  },
};

/** What the service worker of an unpacked extension found. */
async function inExtension(folder) {
  const profile = mkdtempSync(join(tmpdir(), 'limbeck-extension-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: ensureChromium(),
    args: [...CHROMIUM_ARGS, '--headless=new', `--disable-extensions-except=${folder}`, `--load-extension=${folder}`],
    ignoreDefaultArgs: ['--disable-extensions'],
    headless: true,
  });
  try {
    const worker = browser.serviceWorkers()[0] ?? (await browser.waitForEvent('serviceworker', { timeout: 60_000 }));
    return await worker.evaluate(async () => {
      // The script may not have run yet.
      while (!('limbeckPlace' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 50));
      return globalThis.limbeckPlace;
    });
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
