import { join } from 'node:path';
import { fromRoot } from '../../scripts/ensure.mjs';

const X = [1, -1, 0.5, 0, 2, -0.5, 1.5];

export default {
  name: 'shared-worker',
  title: 'a SharedWorker of your own',
  packages: 'root',
  async run({ copyProject, folder, serve, openBrowser }) {
    const { build } = await fromRoot('vite');
    const worker = { format: 'es' };
    await build({
      root: copyProject('app', 'shared-worker'),
      base: './',
      configFile: false,
      logLevel: 'error',
      worker,
    });
    const url = await serve(join(folder, 'dist'));
    const browser = await openBrowser();
    // One context is one browser's profile: its tabs share the worker.
    const tabs = await browser.newContext();
    const answers = [];
    for (let tab = 0; tab < 2; tab++) {
      const page = await tabs.newPage();
      await page.goto(url);
      answers.push(page.evaluate((x) => globalThis.ask(x), X));
    }
    const [one, other] = await Promise.all(answers);
    await tabs.close();
    if (one.learned !== 1 || other.learned !== 1) throw new Error(`${other.learned} models for two tabs`);
    if (one.logits.join() !== other.logits.join()) throw new Error('two tabs got two answers');
    if (one.refused?.code !== 'worker-unreachable' || !one.refused.message.includes("worker: 'none'")) {
      throw new Error(`a worker in a SharedWorker: ${JSON.stringify(one.refused)}`);
    }
    return "with worker: 'none': no workers start from here, which an error says, so one thread; a student alone needs only worker: 'shared' on the page";
  },
};
