import { LimbeckError } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import type { Model, ModelRole } from './model.ts';

/** Holds a model on this thread: opens it, runs one job after the other, closes it. */
export interface HeldModel<M> {
  open(make: () => Promise<M>): Promise<M>;
  /** Throws    disposed: nothing is open · what the job throws */
  use<T>(job: (model: M) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** onnxruntime takes one run at a time per instance, and so does tfjs: calls wait for their turn. */
export function holdModel<M extends Pick<Model, 'dispose'>>(what: () => ModelRole): HeldModel<M> {
  const enqueue = makeQueue();
  let held: M | undefined;
  return {
    open: (make) =>
      enqueue(async () => {
        held = await make();
        return held;
      }),
    use: (job) =>
      enqueue(async () => {
        if (held === undefined) throw new LimbeckError('disposed', `The ${what()} was disposed; load it again.`);
        return job(held);
      }),
    close: () =>
      enqueue(async () => {
        const last = held;
        held = undefined;
        await last?.dispose();
      }),
  };
}
