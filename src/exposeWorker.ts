import './core/dispose.ts';
import { createBenchSession } from './bench/session/benchSession.ts';
import type { KnownLosses } from './losses/revive.ts';
import { createTfjsSession } from './model/tfjsSession.ts';
import { createOnnxSession } from './teacher/session/session.ts';
import { tfjsFeeds } from './teacher/tfjs/tfjsFeeds.ts';
import { createEngine } from './train/engine.ts';
import { serve } from './workers/serve.ts';
import { moved, packError } from './workers/transfer.ts';

export { type Configuration, configure, type WorkerSource } from './core/configure.ts';

/**
 * Makes the worker that calls it a limbeck worker. The shipped worker calls it without an argument; write your own to
 * train with losses of your own.
 *
 * @example
 * // my-worker.ts
 * exposeWorker({ losses: { myLoss } });
 */
export function exposeWorker(options: { losses?: KnownLosses } = {}): void {
  serve(workerParts(options.losses));
}

/** The parts of a worker that teaches and trains. */
export function workerParts(losses?: KnownLosses): object {
  const onnx = createOnnxSession(() => engine.gpuDevice());
  const engine = createEngine(losses, onnx);
  const tfjs = createTfjsSession(tfjsFeeds);
  return {
    engine: {
      ...engine,
      train: async (...args: Parameters<typeof engine.train>) => {
        const { error, ...outcome } = await engine.train(...args);
        return { ...outcome, ...(error !== undefined && { error: packError(error) }) };
      },
      predict: async (...args: Parameters<typeof engine.predict>) => moved(await engine.predict(...args)),
    },
    bench: createBenchSession(),
    tfjs: { ...tfjs, run: async (...args: Parameters<typeof tfjs.run>) => moved(await tfjs.run(...args)) },
    onnx: { ...onnx, run: async (...args: Parameters<typeof onnx.run>) => moved(await onnx.run(...args)) },
  };
}
