// A student that hears a tone, in three engines: in a recording, and in an AudioWorklet behind a node that is rendered, for which no sound
// device is needed. Where Firefox has one, it hears Firefox's fake microphone too; e2e/listen.spec.ts has Chromium's.
import { bundle } from '../../benchmarks/bundle.mjs';
import { root } from '../ensure.mjs';
import { serve } from '../serve.mjs';
import { moduleOf } from './moduleOf.mjs';

const [HERTZ, RATE] = [1003, 48_000];
/** What the student hears at once. */
const WINDOW = { samples: 1600, rate: 16_000 };
/** As often as it must hear the tone. */
const TIMES = 2;
/** No judgement of speed: longer than this, it hangs. */
const HEAR_MS = 60_000;

/** A tone of a second, and of what follows nothing. */
const tone = Float32Array.from({ length: 2 * RATE }, (_, i) =>
  i < RATE ? 0.5 * Math.sin((2 * Math.PI * HERTZ * i) / RATE) : 0,
);

/** Firefox's own microphone that is made up, which plays the tone; nobody is asked for it. */
const FAKE_MICROPHONE = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.navigator.audio.fake_frequency': HERTZ,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
};

/** An engine without a sound device starts no sound, and a student hears none that is not rendered. */
const STARTS_SOUND = `(async () => {
  const context = new AudioContext();
  await Promise.race([context.resume(), new Promise((go) => setTimeout(go, 10_000))]);
  const { state } = context;
  void context.close();
  return state === 'running';
})()`;

/**
 * Checks one engine; `check(name, problem)` gets a sentence where it failed.
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {(url: undefined, options: object) => Promise<object>} open
 */
export async function tryListening(name, open, check) {
  const isFirefox = name === 'firefox';
  const { linearModel } = await moduleOf('e2e/longModel.ts');
  const server = await serve(`${root}dist`, {
    isIsolated: false,
    extra: {
      '/listen.html': { type: 'text/html', body: '<!doctype html><title>listen</title>' },
      '/listen-page.js': await bundle(`${root}e2e/pages/listen.ts`, { 'limbeck/run': `${root}dist/run.js` }),
      '/ears.onnx': { type: 'application/octet-stream', body: ears(linearModel) },
    },
  });
  const browser = await open(undefined, isFirefox ? { prefs: FAKE_MICROPHONE } : {});
  try {
    await browser.goto(`${server.url}/listen.html`);
    const call = (expression) =>
      browser.evaluate(
        `Promise.race([import('/listen-page.js').then((page) => page.${expression}), ` +
          `new Promise((_, late) => setTimeout(() => late(new Error('nothing was heard')), ${HEAR_MS}))])`,
      );
    const recorded = await call(`hearRecording('/ears.onnx', ${JSON.stringify(Array.from(tone))}, ${RATE})`);
    const isHeard = recorded.length === 1 && recorded[0].seconds < 1 && recorded[0].score >= 0.9;
    check('the tone is heard in a recording', !isHeard && `it heard ${JSON.stringify(recorded)}`);
    const rendered = await call(`hearRendered('/ears.onnx', 44_100)`);
    const isRight = rendered?.sampleRate === 44_100 && rendered.score >= 0.9;
    check('the tone is heard behind a node of the page', !isRight && `it gave ${JSON.stringify(rendered)}`);
    if (!isFirefox) return;
    if (!(await browser.evaluate(STARTS_SOUND))) {
      console.log('  skipped the microphone: this Firefox starts no sound, which needs a sound device');
      return;
    }
    const { heard, during, after } = await call(`hear('/ears.onnx', ${TIMES})`);
    check('the tone is heard in a microphone', heard.length !== TIMES && `it heard ${JSON.stringify(heard)}`);
    const isLetGo = during.join() === 'live' && after.join() === 'ended';
    check('the microphone is let go of', !isLetGo && `it was ${during.join()}, then ${after.join()}`);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The second class is as probable as a window is like the tone, in one of its phases. */
function ears(linearModel) {
  const weights = new Float32Array(2 * WINDOW.samples);
  for (let i = 0; i < WINDOW.samples; i++) {
    weights[2 * i + 1] = 0.05 * Math.cos((2 * Math.PI * HERTZ * i) / WINDOW.rate);
  }
  return linearModel(WINDOW.samples, 2, weights);
}
