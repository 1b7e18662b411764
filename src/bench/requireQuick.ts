import { duration } from '../core/figures.ts';
import { inTime } from './inTime.ts';
import type { Subject } from './subject.ts';

/** Passes without which a median says nothing. */
const LEAST_PASSES = 3;

/**
 * Ends what takes longer than `endMs`: its share, or longer where ending it would not end its work.
 * Throws    Error: too few passes fit into its share of the budget
 */
export async function requireQuick(
  subject: Subject,
  shareMs: number,
  endMs: number,
  signal: AbortSignal,
): Promise<void> {
  let passMs = Number.POSITIVE_INFINITY;
  let isLate = false;
  const onLate = () => {
    isLate = true;
    subject.kill();
  };
  try {
    // The first pass may compile.
    for (let i = 0; i < 2 && passMs > shareMs / LEAST_PASSES && (i === 0 || passMs <= shareMs); i++) {
      const [ms = Number.NaN] = await inTime(subject.time(1, 1), { ms: Math.max(shareMs, endMs), signal, onLate });
      passMs = Math.min(passMs, ms);
    }
  } catch (error) {
    if (!isLate) throw error;
  }
  if (passMs <= shareMs / LEAST_PASSES) return;
  const takes = Number.isFinite(passMs) ? `takes ${duration(passMs)}` : 'takes longer';
  throw new Error(`Its share of the budget is ${duration(shareMs)}, and one pass ${takes} here: give "budgetMs" more.`);
}
