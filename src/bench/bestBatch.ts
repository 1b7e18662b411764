import { throwIfAborted } from '../core/errors.ts';
import { median } from '../core/stats.ts';
import { inTime } from './inTime.ts';
import type { Subject } from './subject.ts';

const SIZES = [1, 4, 16, 64];
/** A larger batch must be better by this much: it costs memory, and its answers come later. */
const GAIN = 0.97;
const PASSES = 3;
/** Even the smallest batch may take so long to compile. */
const LEAST_MS = 1000;

/**
 * The batch at which an example takes least, of a few sizes, each opened anew. It looks no further once a larger one is no better, does
 * not open, or would not fit into the budget.
 * Throws    what opening the smallest throws · AbortError
 */
export async function bestBatch(
  open: (batch: number) => Promise<Subject>,
  { budgetMs, signal }: { readonly budgetMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const began = performance.now();
  let best = { batch: 1, ms: Number.POSITIVE_INFINITY };
  for (const batch of SIZES) {
    const leftMs = budgetMs - (performance.now() - began);
    if (best.ms * batch * (PASSES + 1) > leftMs && batch > 1) break;
    let ms: number;
    try {
      const subject = await open(batch);
      try {
        const limit = { ms: Math.max(leftMs, LEAST_MS), signal, onLate: subject.kill };
        // The first pass may compile.
        await inTime(subject.time(1, 1), limit);
        ms = median([...(await inTime(subject.time(PASSES, 1), limit))]) / batch;
      } finally {
        await subject[Symbol.asyncDispose]();
      }
    } catch (error) {
      throwIfAborted(signal);
      if (batch === 1) throw error;
      break;
    }
    if (ms > GAIN * best.ms) break;
    best = { batch, ms };
  }
  return best.batch;
}
