import type { Subject } from '../subject.ts';
import type { Workload } from '../workload.ts';
import { inference } from './inference.ts';

/**
 * From bytes in memory to the first answer: a pass starts a worker, opens the model there, compiles it, asks it once, and is
 * timed on the page. Ending the worker is not in its time.
 */
export const coldStart: Workload = {
  ...inference,
  name: 'cold-start',
  async open(place, model, batch, signal) {
    const open = () => inference.open(place, model, batch, signal);
    let current: Subject = await open();
    let isKilled = false;
    async function pass(): Promise<number> {
      await current[Symbol.asyncDispose]();
      const startedAt = performance.now();
      const next = await open();
      current = next;
      if (isKilled) next.kill();
      await next.answer(0);
      return performance.now() - startedAt;
    }
    return {
      threads: current.threads,
      simdLevel: current.simdLevel,
      notices: current.notices,
      async time(figures, together) {
        const times: number[] = [];
        for (let i = 0; i < figures; i++) {
          let ms = 0;
          for (let j = 0; j < together; j++) ms += await pass();
          times.push(ms / together);
        }
        return times;
      },
      answer: (which) => current.answer(which),
      peakBytes: async () => current.peakBytes?.(),
      sessionBytes: async () => current.sessionBytes?.(),
      kill() {
        isKilled = true;
        current.kill();
      },
      [Symbol.asyncDispose]: () => current[Symbol.asyncDispose](),
    };
  },
};
