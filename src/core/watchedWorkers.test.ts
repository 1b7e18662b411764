import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepingWorkers, watchingWorkers } from './watchedWorkers.ts';

class PlainWorker {
  constructor(readonly script: unknown) {}
}
beforeEach(() => vi.stubGlobal('Worker', PlainWorker));
afterEach(() => vi.unstubAllGlobals());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A few turns, so that nothing stands on the stack any more. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
    collectGarbage();
  }
}

/** A library that starts a worker and waits for it; only the worker would lead to the library. */
function library() {
  let settle: () => void = () => undefined;
  let started: WeakRef<Worker> | undefined;
  const start = () => {
    started = new WeakRef(new Worker('/thread.js'));
    return new Promise<void>((resolve) => {
      settle = resolve;
    });
  };
  return { start, settle: () => settle(), worker: () => started?.deref() };
}

test('a worker is kept until the library that started it is done, and not longer', async () => {
  const left = library();
  void left.start();
  await collect();
  expect(left.worker()).toBeUndefined();

  const kept = library();
  const starting = keepingWorkers(kept.start);
  await collect();
  expect(kept.worker()).toBeInstanceOf(PlainWorker);
  kept.settle();
  await starting;
  await collect();
  expect(kept.worker()).toBeUndefined();
  expect(Worker).toBe(PlainWorker);
});

test('a library that fails leaves nothing behind, and its error passes', async () => {
  await expect(keepingWorkers(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(Worker).toBe(PlainWorker);
});

test('two watch at once: both see a worker, and its script is that of the first that has one', async () => {
  const seen: string[] = [];
  const watch = (name: string, script?: string) => ({
    scriptOf: () => script,
    started: (worker: Worker) => seen.push(`${name} ${(worker as unknown as PlainWorker).script}`),
  });
  watchingWorkers(watch('outer'), () => watchingWorkers(watch('inner', '/own.js'), () => new Worker('/other.js')));
  expect(seen).toEqual(['outer /own.js', 'inner /own.js']);
  expect(Worker).toBe(PlainWorker);
});

test('where there are no workers, the work is done all the same', async () => {
  vi.stubGlobal('Worker', undefined);
  await expect(keepingWorkers(async () => 7)).resolves.toBe(7);
});
