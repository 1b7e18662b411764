// A thread of onnxruntime, a worker of a worker, that takes long to link while garbage is collected: Firefox collects a worker to which
// nothing but its own messages leads, without a word, so limbeck keeps those that it waits for (src/core/watchedWorkers.ts).
import { readFileSync } from 'node:fs';
import { bundle } from '../../benchmarks/bundle.mjs';
import { root } from '../ensure.mjs';
import { serve } from '../serve.mjs';
import { moduleOf } from './moduleOf.mjs';

/** No judgement of speed: longer than this, it hangs. */
const START_MS = 60_000;
const SCRIPT = '/ort-wasm-simd-threaded.mjs';
/** In front of onnxruntime's script: its threads link as on a very busy machine. */
const SLOWLY = `if (self.name === 'em-pthread') {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (...given) {
    for (const end = Date.now() + 3000; Date.now() < end; );
    return new Instance(...given);
  };
}
`;
/** As the engines need it to be asked for a collection. */
const SWITCHES = {
  chromium: { args: ['--js-flags=--expose-gc'] },
  firefox: { args: ['--remote-allow-system-access'] },
};

/**
 * Checks one engine; `check(name, problem)` gets a sentence where it failed.
 * @param {'chromium' | 'firefox'} name
 * @param {(url: undefined, options: object) => Promise<object>} open
 */
export async function tryStarting(name, open, check) {
  const { linearModel } = await moduleOf('e2e/longModel.ts');
  const server = await serve(`${root}dist`, {
    extra: {
      '/start.html': {
        type: 'text/html',
        body: '<!doctype html><title>start</title><script type="module" src="/start-page.js"></script>',
      },
      '/start-page.js': await bundle(`${root}e2e/pages/start.ts`, { limbeck: `${root}dist/index.js` }),
      '/small.onnx': { type: 'application/octet-stream', body: linearModel(4, 2, new Float32Array(8).fill(0.5)) },
      [SCRIPT]: { type: 'text/javascript', body: SLOWLY + readFileSync(`${root}dist${SCRIPT}`, 'utf8') },
    },
  });
  const browser = await open(undefined, SWITCHES[name]);
  try {
    await browser.goto(`${server.url}/start.html`);
    const end = Date.now() + START_MS;
    let seen;
    do {
      await browser.collectGarbage();
      seen = await browser.evaluate(`window.started ?? { state: 'starts' }`);
    } while (seen.state === 'starts' && Date.now() < end);
    const isThere = seen.state === 'answered' && seen.threads.every((threads) => threads === 2);
    check('threads start, though garbage is collected meanwhile', !isThere && `it tells ${JSON.stringify(seen)}`);
  } finally {
    await browser.close();
    await server.close();
  }
}
